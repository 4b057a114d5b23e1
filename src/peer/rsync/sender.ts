// The sending role: a client downloads. See s3r-rsync(5), TRANSFER.

import type {BlockSums} from '../../algo/match.ts'
import {reason} from '../../base/errors.ts'
import {fromUnicode, type Path} from '../../base/path.ts'
import {keyOf} from '../../format/key.ts'
import type {Filter} from '../../format/filter.ts'
import {isKind, type Store} from '../../store/store.ts'
import {type Ahead, Bodies} from './bodies.ts'
import type {Catalogue} from './catalogue.ts'
import {Channel} from './channel.ts'
import {DeltaSender} from './delta.ts'
import {RERR, RsyncError} from './errors.ts'
import {filterOf, readFilterList} from './filter.ts'
import {FULL_VALUE, plainXattrs} from './flist-attributes.ts'
import {writeItem} from './item.ts'
import type {Line} from './line.ts'
import {IO_ERROR, MSG} from './messages.ts'
import {NDX} from './ndx.ts'
import {ListSender} from './list-sender.ts'
import type {Offer} from './offer.ts'
import {told} from './told.ts'
import {type ItemRequest, readCounts, readRequest, type Request} from './request.ts'

/** Objects up to this size are fetched before their turn. */
const SMALL = 1 << 20
/** Bytes that are fetched ahead, and requests that wait. */
const AHEAD = 32 * 2 ** 20
const REQUEST = AHEAD / 64

export type SenderOptions = {
	readonly store: Store
	/** The remote's prefix. */
	readonly prefix: string
	readonly catalogue: Catalogue
	readonly umask: number
	readonly self: {readonly uid: number; readonly gid: number}
	readonly signal?: AbortSignal | undefined
}

/** A request in the order in which it is answered, with what was fetched for it. */
type Turn = {readonly request: Request; readonly ahead: Ahead}

export class Sender {
	readonly #line: Line
	readonly #options: SenderOptions
	readonly #offer: Offer
	readonly #list: ListSender
	readonly #bodies: Bodies
	readonly #delta: DeltaSender
	#order: Uint32Array = new Uint32Array(0)
	readonly #started = Date.now()
	#listed = 0
	/** Files whose receiver says that they are safe, to be removed here. */
	readonly #removals: Promise<void>[] = []

	constructor(line: Line, filter: Filter, options: SenderOptions) {
		this.#line = line
		this.#options = options
		this.#bodies = new Bodies(options)
		this.#delta = new DeltaSender(line, (path, error) => this.#fail(path, error))
		this.#list = new ListSender(line, filter, {
			...options,
			bodies: this.#bodies,
			failed: (path, error) => this.#fail(path, error),
		})
		this.#offer = this.#list.offer
	}

	/** Reads what a client says before its list comes, and makes the sender of it. */
	static async begin(line: Line, options: SenderOptions): Promise<Sender> {
		refuse(line)
		const texts = await readFilterList(line.input)
		const {protocol, options: asked} = line
		const filter = await filterOf(texts, {protocol, side: 'sender', cvs: asked.cvsExclude})
		return new Sender(line, filter, options)
	}

	/** Answers a client until it says goodbye; resolves to the status. */
	async run(): Promise<number> {
		await this.#list.send()
		this.#listed = Date.now()
		this.#order = this.#offer.files.numbered(this.#line.protocol)
		if (this.#offer.files.count === 0) {
			await this.#line.output.flush()
			return this.#line.status
		}
		await this.#answerAll()
		await Promise.all(this.#removals)
		await this.#goodbye()
		return this.#line.status
	}

	/** A file is safe at the other side, which wants it to be removed here. */
	success(payload: Buffer): void {
		const row = this.#order[payload.readInt32LE(0)]
		if (row === undefined || !this.#line.options.removeSourceFiles) return
		const path = this.#offer.remotePath(row)
		const {store, prefix, catalogue} = this.#options
		this.#removals.push(
			store.delete(prefix + keyOf(path), {ifMatch: this.#offer.etag(row)}).then(
				() => catalogue.learned.forget(path),
				(error: unknown) => this.#fail(path, error),
			),
		)
	}

	#fail(path: Path, error: unknown): void {
		this.#line.fail(`s3r: cannot send ${told(path)}: ${fromUnicode(reason(error))}`)
	}

	/** Reads requests ahead, and answers them one after the other. */
	async #answerAll(): Promise<void> {
		const requests = new Channel<Turn>(AHEAD)
		const reading = this.#readAll(requests)
		// what it rejects with comes through the channel, or is thrown where it is awaited
		reading.catch(() => {})
		const phases = this.#line.protocol >= 29 ? 2 : 1
		let phase = 0
		for await (const {request, ahead} of requests) {
			if (request.kind === 'item') await this.#answer(request, ahead)
			else if (request.kind === 'done') {
				if (++phase > phases) break
				this.#line.writeNdx(NDX.done)
				await this.#line.output.flush()
			}
		}
		await reading
		this.#line.sendIoError()
		this.#line.writeNdx(NDX.done)
	}

	async #readAll(requests: Channel<Turn>): Promise<void> {
		const {files} = this.#offer
		const phases = this.#line.protocol >= 29 ? 2 : 1
		try {
			for (let phase = 0; phase <= phases;) {
				const request = await readRequest(this.#line, files, this.#order)
				if (request.kind === 'done') phase++
				const isAhead =
					request.kind === 'item' && request.sums !== undefined && files.size(request.row) <= SMALL
				const ahead = isAhead
					? this.#bodies
							.fetch(this.#offer.remotePath(request.row), this.#offer.etag(request.row))
							.catch((error: unknown) => ({error}))
					: undefined
				await requests.push({request, ahead}, REQUEST + (isAhead ? files.size(request.row) : 0))
			}
			requests.close()
		} catch (error) {
			requests.close({error})
			throw error
		}
	}

	async #answer(request: ItemRequest, ahead: Ahead): Promise<void> {
		const {output} = this.#line
		if (!request.sums) await this.#echo(request)
		else await this.#send(request, request.sums, ahead)
		await output.ready()
	}

	async #echo({ndx, item, row, xattrs}: ItemRequest): Promise<void> {
		const {output, protocol} = this.#line
		this.#line.writeNdx(ndx)
		writeItem(output, item, protocol)
		if (xattrs) this.#sendXattrs(row, xattrs)
	}

	/** Sends the values of those attributes of which the list has only the digest. */
	#sendXattrs(row: number, numbers: readonly number[]): void {
		const {output} = this.#line
		const set = plainXattrs(this.#offer.files.rare(row).xattrs ?? [])
		let before = 0
		for (const number of numbers) {
			const value = set[number - 1]?.[1]
			if (value === undefined || value.length <= FULL_VALUE)
				throw new RsyncError(RERR.protocol, `attribute ${number} was asked for, which there is not`)
			output.varint(number - before)
			output.varint(value.length)
			output.raw(value)
			before = number
		}
		output.byte(0)
	}

	/** Sends a file: what the other side lacks of it, and the checksum of all of it. */
	async #send(request: ItemRequest, sums: BlockSums, ahead: Ahead): Promise<void> {
		const {ndx, row, item, xattrs} = request
		const {output, protocol} = this.#line
		const path = this.#offer.remotePath(row)
		const source = await this.#bodies.open(path, this.#offer.etag(row), ahead).catch((error: unknown) => {
			this.#noSend(ndx, path, error)
			return undefined
		})
		if (!source) return
		this.#line.writeNdx(ndx)
		writeItem(output, item, protocol)
		if (xattrs) this.#sendXattrs(row, xattrs)
		await this.#delta.send(source, sums, path)
	}

	#noSend(ndx: number, path: Path, error: unknown): void {
		const vanished = isKind(error, 'not-found')
		if (vanished) {
			this.#line.ioError |= IO_ERROR.vanished
			this.#line.warn(`s3r: ${told(path)} vanished`)
		} else {
			this.#line.ioError |= IO_ERROR.general
			this.#fail(
				path,
				isKind(error, 'precondition') ? new Error('it was changed since it was listed') : error,
			)
		}
		if (this.#line.protocol >= 30) this.#line.number(MSG.noSend, ndx)
	}

	/** What was moved, and the last words. */
	async #goodbye(): Promise<void> {
		const {input, output, protocol} = this.#line
		const listed = this.#listed - this.#started
		const long = (value: number) => (protocol >= 30 ? output.varlong(value, 3) : output.longint(value))
		for (const value of [input.total, output.total, this.#offer.totalSize]) long(value)
		if (protocol >= 29) for (const value of [listed, 0]) long(value)
		await output.flush()
		if (protocol < 29) return this.#expectDone()
		await this.#expectDone()
		if (protocol < 31) return
		this.#line.writeNdx(NDX.done)
		await output.flush()
		await this.#expectDone()
	}

	async #expectDone(): Promise<void> {
		for (;;) {
			const {input, output, numbersIn} = this.#line
			const ndx = await input.read((cursor) => numbersIn.read(cursor))
			if (ndx === NDX.done) return
			if (ndx !== NDX.delStats) throw new RsyncError(RERR.protocol, `file ${ndx} was asked for after the end`)
			const counts = await input.read(readCounts)
			this.#line.writeNdx(NDX.delStats)
			for (const count of counts) output.varint(count)
		}
	}
}

/** Options that would need what objects have not. */
function refuse({options}: Line): void {
	const given = [
		options.copyLinks && '--copy-links',
		options.copyDirlinks && '--copy-dirlinks',
		options.copyUnsafeLinks && '--copy-unsafe-links',
	].find((name) => name !== false)
	if (given !== undefined)
		throw new RsyncError(
			RERR.unsupported,
			`the rsync option ${given} is not supported for a bucket: its links are not followed; leave it out, or use --no-links`,
		)
}
