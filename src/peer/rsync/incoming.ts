// The content of the files that come, one after the other: read, verified, and handed on to be written. See
// s3r-rsync(5), TRANSFER.

import {MULTIPART_FROM} from '../../algo/parts.ts'
import {Budget} from '../../base/budget.ts'
import {reason, S3rError} from '../../base/errors.ts'
import {fromUnicode} from '../../base/path.ts'
import {isKind} from '../../store/store.ts'
import {isFinal} from '../../sync/final.ts'
import {type Coming, Whole} from './coming.ts'
import type {Committer} from './committer.ts'
import type {Action} from './receiving.ts'
import type {Values} from './described.ts'
import type {Cursor} from './cursor.ts'
import {SEED} from './handshake.ts'
import {readSumHead} from './item.ts'
import type {Line} from './line.ts'
import {Patchwork} from './patchwork.ts'
import {told} from './told.ts'
import {TokenReader} from './token.ts'

/** Bytes of small files that have come and are not written yet. */
const MEMORY = 48 * 2 ** 20
/** Ranges of objects that are read at once, for all files. */
const RANGES = 16

export class Incoming {
	readonly #line: Line
	readonly #commits: Committer
	readonly #tokens: TokenReader
	readonly #memory = new Budget(MEMORY)
	readonly #width = new Budget(RANGES)

	constructor(commits: Committer) {
		this.#line = commits.line
		this.#commits = commits
		this.#tokens = new TokenReader(commits.line.input, commits.line.agreed.compression)
	}

	close(): void {
		this.#tokens.close()
	}

	/** Receives a file, and begins to write it if it is what the client says that it sent. */
	async receive(action: Action, values: Values, isRedo: boolean): Promise<void> {
		const {input, protocol, checksum} = this.#line
		await input.read((cursor: Cursor) => readSumHead(cursor, protocol, checksum.length))
		const size = this.#commits.files.size(action.row)
		const isHeld = action.basis === undefined && size < MULTIPART_FROM
		const free = await this.#room(isHeld ? size : 0)
		const {coming, sent} = await this.#read(action, size)
		const done = async (): Promise<void> => {
			await coming.drop()
			free()
		}
		const work = async (): Promise<void> => {
			try {
				const came = await coming.finish().catch((error: unknown) => this.#unread(action, values, error))
				if (!came) return
				if (!came.sum.equals(sent)) return this.#mismatch(action, values, isRedo)
				coming.sign()
				await this.#commits.commit(action, came.content, came.md5.toString('hex'), values)
			} finally {
				await done()
			}
		}
		try {
			await this.#commits.writer.start(work)
		} catch (error) {
			await done()
			throw error
		}
	}

	/** Takes memory for content that comes; to be called when it is not needed any more. */
	#room(bytes: number): Promise<() => void> {
		return new Promise((resolve, reject) => {
			this.#memory.hold(bytes, () => new Promise<void>((free) => resolve(free))).catch(reject)
		})
	}

	/** Reads the tokens of a file, and what its checksum is to be. */
	async #read(action: Action, size: number): Promise<{readonly coming: Coming; readonly sent: Buffer}> {
		const coming = await this.#begin(action, size)
		try {
			for (let token = await this.#tokens.next(); token; token = await this.#tokens.next())
				if ('literal' in token) coming.literal(token.literal)
				else await coming.copy(token.block, token.count)
			return {coming, sent: await this.#line.input.take(this.#line.checksum.length)}
		} catch (error) {
			await coming.drop()
			throw error
		}
	}

	async #begin({basis}: Action, size: number): Promise<Coming> {
		const {checksum} = this.#line
		const {how} = this.#commits
		const signing = how.signatures?.begin(size)
		if (basis) return new Patchwork({...how, width: this.#width, signing}, basis, size)
		const other = checksum.name === 'md5' ? undefined : await checksum.whole(SEED)
		return new Whole(size, {scratch: how.scratch, other, signing})
	}

	/** Blocks of what is there could not be read: all of the file is to come. */
	#unread(action: Action, values: Values, error: unknown): undefined {
		const isOfItem = error instanceof S3rError && !isFinal(error, this.#commits.how.signal)
		if (!isOfItem) throw error
		// of what somebody else wrote meanwhile the write will tell
		if (!isKind(error, 'precondition')) {
			const path = told(this.#commits.files.path(action.row))
			this.#line.warn(
				`s3r: cannot read blocks of ${path}, all of it is to come: ${fromUnicode(reason(error))}`,
			)
		}
		this.#commits.again(action, values)
	}

	/** What came is not what was sent: once more, and then no more. */
	#mismatch(action: Action, values: Values, isRedo: boolean): void {
		const {row} = action
		const path = this.#commits.files.path(row)
		if (isRedo) {
			this.#line.fail(`ERROR: ${path} failed verification -- update discarded.`)
			this.#commits.led(row, undefined)
			return
		}
		this.#line.warn(`WARNING: ${path} failed verification -- update discarded (will try again).`)
		this.#commits.again(action, values)
	}
}
