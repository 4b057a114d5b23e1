// The sending role: a client downloads. See s3r-rsync(5), TRANSFER.

import {createHash} from 'node:crypto'
import {type BlockSums, Matcher} from '../../algo/match.ts'
import {reason} from '../../base/errors.ts'
import {fromUnicode, type Path} from '../../base/path.ts'
import {keyOf} from '../../format/key.ts'
import {TYPE, typeOf} from '../../format/entry.ts'
import type {Filter} from '../../format/filter.ts'
import {isKind, type Store} from '../../store/store.ts'
import {arrivalOf} from '../../sync/arrival.ts'
import {type Content, contentOf, rereading} from '../../sync/content.ts'
import type {Catalogue, Found} from './catalogue.ts'
import {Channel} from './channel.ts'
import {loadChecksum} from './checksum.ts'
import type {Cursor} from './cursor.ts'
import {RERR, RsyncError} from './errors.ts'
import {filterOf, readFilterList} from './filter.ts'
import {FlistEncoder, FULL_VALUE, plainXattrs, writeNames} from './flist-codec.ts'
import {formOf} from './form.ts'
import {SEED} from './handshake.ts'
import {ITEM, type Item, NO_SUMS, readItem, readSumHead, sumsOf, writeItem, writeSumHead} from './item.ts'
import type {Line} from './line.ts'
import {IO_ERROR, MSG} from './messages.ts'
import {NDX} from './ndx.ts'
import {Offer, told} from './offer.ts'
import {TokenWriter} from './token.ts'

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

/** A request of the client's, in the order of which it is answered. */
type Request =
	| {readonly kind: 'done'}
	| {readonly kind: 'delStats'; readonly counts: readonly number[]}
	| {
			readonly kind: 'item'
			readonly ndx: number
			readonly row: number
			readonly item: Item
			/** Numbers of the attributes whose values it wants. */
			readonly xattrs: readonly number[] | undefined
			readonly sums: BlockSums | undefined
			/** The content, where it was fetched ahead. */
			readonly ahead: Promise<Body | {readonly error: unknown}> | undefined
	  }
type ItemRequest = Extract<Request, {kind: 'item'}>

type Body = {readonly bytes: Buffer; readonly md5: string}

export class Sender {
	readonly #line: Line
	readonly #options: SenderOptions
	readonly #offer: Offer
	readonly #encoder: FlistEncoder
	readonly #tokens: TokenWriter
	#order: Uint32Array = new Uint32Array(0)
	readonly #started = Date.now()
	#listed = 0
	/** Files whose receiver says that they are safe, to be removed here. */
	readonly #removals: Promise<void>[] = []

	constructor(line: Line, filter: Filter, options: SenderOptions) {
		this.#line = line
		this.#options = options
		this.#encoder = new FlistEncoder(formOf(line))
		const {options: asked, agreed} = line
		this.#tokens = new TokenWriter(line.output, agreed.compression, asked.compressLevel)
		this.#offer = new Offer({
			catalogue: options.catalogue,
			options: asked,
			filter,
			self: options.self,
			sumOf: asked.checksum ? (found) => this.#sumOf(found, agreed.listChecksum) : undefined,
			write: (entry, row) => {
				this.#encoder.write(line.output, entry, row)
				return line.output.ready()
			},
			failed: (path, error) => this.#fail(path, error),
			info: (text) => line.info(text),
		})
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
		await this.#sendList()
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
				() => catalogue.forget(path),
				(error: unknown) => this.#fail(path, error),
			),
		)
	}

	#fail(path: Path, error: unknown): void {
		this.#line.fail(`s3r: cannot send ${told(path)}: ${fromUnicode(reason(error))}`)
	}

	async #sendList(): Promise<void> {
		const {options, output, protocol, agreed} = this.#line
		const offer = this.#offer
		if (options.filesFrom !== undefined) await this.#addNamed()
		else for (const word of options.paths) await offer.add(word)
		this.#line.ioError |= offer.ioError
		this.#encoder.end(output, options.ignoreErrors ? 0 : offer.ioError)
		if (!options.numericIds) {
			if (options.owner || options.acls) writeNames(output, offer.users, protocol, agreed.idZeroNames)
			if (options.group || options.acls) writeNames(output, offer.groups, protocol, agreed.idZeroNames)
		}
		if (protocol < 30) output.int(offer.ioError)
		await output.flush()
		this.#listed = Date.now()
		this.#order = offer.files.numbered(protocol)
	}

	/** --files-from: names come one by one, or stand in a file of the remote. */
	async #addNamed(): Promise<void> {
		const {options, input} = this.#line
		const directory = options.paths[0]?.text ?? ''
		const base = /^\.?\/*$/.test(directory) ? '' : directory
		const names =
			options.filesFrom === '-' ? namesFrom(input) : this.#namesIn(options.filesFrom ?? '', options.from0)
		for await (const name of names) if (name !== '') await this.#offer.addBelow(base, name)
	}

	async *#namesIn(path: Path, from0: boolean): AsyncIterable<Path> {
		const {catalogue} = this.#options
		const text = await catalogue.text(path.replace(/^(\.?\/)+/, ''))
		if (text === undefined)
			throw new RsyncError(RERR.fileSelect, `cannot read the names in ${told(path)}: there is no such object`)
		yield* from0 ? text.split('\0') : text.split(/[\r\n]+/).filter((line) => !/^[#;]/.test(line))
	}

	async #sumOf({path, md5}: Found, name: Line['agreed']['listChecksum']): Promise<Buffer> {
		if (name === 'md5' && md5 !== undefined) return Buffer.from(md5, 'hex')
		const hasher = await (await loadChecksum(name, this.#line.protocol)).list()
		for await (const piece of this.#content(path, undefined)) hasher.update(piece)
		return hasher.digest()
	}

	/** The bytes of a file; what they were is returned. Throws behind the last one where they are not the right ones. */
	async *#content(path: Path, etag: string | undefined): AsyncGenerator<Buffer, Content> {
		const {store, prefix, umask} = this.#options
		const key = keyOf(path)
		const {head, body} = await store.get(prefix + key, {ifMatch: etag})
		return yield* contentOf(arrivalOf(path, key, head, {}, umask), body, () => {})
	}

	/** Reads requests ahead, and answers them one after the other. */
	async #answerAll(): Promise<void> {
		const requests = new Channel<Request>(AHEAD)
		const reading = this.#readAll(requests)
		reading.catch(() => {})
		const phases = this.#line.protocol >= 29 ? 2 : 1
		let phase = 0
		for await (const request of requests) {
			if (request.kind === 'item') await this.#answer(request)
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

	async #readAll(requests: Channel<Request>): Promise<void> {
		const phases = this.#line.protocol >= 29 ? 2 : 1
		try {
			for (let phase = 0; phase <= phases;) {
				const request = await this.#readRequest()
				if (request.kind === 'done') phase++
				const isAhead = request.kind === 'item' && request.ahead !== undefined
				await requests.push(request, REQUEST + (isAhead ? this.#offer.files.size(request.row) : 0))
			}
			requests.close()
		} catch (error) {
			requests.close({error})
			throw error
		}
	}

	async #readRequest(): Promise<Request> {
		const {input, numbersIn, protocol, options, checksum, agreed} = this.#line
		const {files} = this.#offer
		const ndx = await input.read((cursor) => numbersIn.read(cursor))
		if (ndx === NDX.done) return {kind: 'done'}
		if (ndx === NDX.delStats) return {kind: 'delStats', counts: await input.read(readCounts)}
		const row = this.#order[ndx]
		if (row === undefined || ndx < 0)
			throw new RsyncError(RERR.protocol, `file ${ndx} was asked for, the list has ${this.#order.length}`)
		const item = await input.read((cursor) => readItem(cursor, protocol))
		const isFurther = (item.flags & ITEM.name) !== 0 && (item.flags & ITEM.localChange) !== 0
		const wantsXattrs =
			options.xattrs &&
			(item.flags & ITEM.xattr) !== 0 &&
			!options.dryRun &&
			protocol >= 29 &&
			!(agreed.xattrOptimization && isFurther)
		const xattrs = wantsXattrs ? await input.read(readNumbers) : undefined
		const isTransfer = (item.flags & ITEM.transfer) !== 0
		if (isTransfer && typeOf(files.mode(row)) !== TYPE.file)
			throw new RsyncError(RERR.protocol, `the content of file ${ndx} was asked for, which has none`)
		let sums: BlockSums | undefined
		if (isTransfer && !options.dryRun) {
			const head = await input.read((cursor) => readSumHead(cursor, protocol, checksum.length))
			// with --append the blocks are only counted
			sums =
				options.append > 0
					? {...NO_SUMS, ...head}
					: sumsOf(head, await input.take(head.count * (4 + head.strongLength)))
		}
		const isSmall = sums !== undefined && files.size(row) <= SMALL
		const ahead = isSmall ? this.#fetch(row).catch((error: unknown) => ({error})) : undefined
		return {kind: 'item', ndx, row, item, xattrs, sums, ahead}
	}

	/** The whole content of a small file. */
	#fetch(row: number): Promise<Body> {
		const path = this.#offer.remotePath(row)
		return rereading(async () => {
			const pieces: Buffer[] = []
			const content = this.#content(path, this.#offer.etag(row))
			for (let next = await content.next(); ; next = await content.next()) {
				if (next.done) return {bytes: Buffer.concat(pieces), md5: next.value.md5}
				pieces.push(next.value)
			}
		})
	}

	async #answer(request: ItemRequest): Promise<void> {
		const {output} = this.#line
		if (!request.sums) await this.#echo(request)
		else await this.#send(request, request.sums)
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
	async #send(request: ItemRequest, sums: BlockSums): Promise<void> {
		const {ndx, row, item, xattrs} = request
		const {output, protocol, options} = this.#line
		const path = this.#offer.remotePath(row)
		const source = await this.#open(request, path).catch((error: unknown) => {
			this.#noSend(ndx, path, error)
			return undefined
		})
		if (!source) return
		this.#line.writeNdx(ndx)
		writeItem(output, item, protocol)
		if (xattrs) this.#sendXattrs(row, xattrs)
		writeSumHead(output, sums.count > 0 ? sums : NO_SUMS)
		const sum =
			options.append > 0
				? await this.#sendContent(behind(source, lengthOf(sums)), NO_SUMS, path, options.append === 1)
				: await this.#sendContent(source, sums, path)
		output.raw(sum)
	}

	/** The content, of which the first bytes are there: so what cannot be opened is known before anything is said. */
	async #open({row, ahead}: ItemRequest, path: Path): Promise<AsyncGenerator<Buffer, Content>> {
		if (ahead) {
			const body = await ahead
			if ('error' in body) throw body.error
			return only(body)
		}
		return primed(this.#content(path, this.#offer.etag(row)))
	}

	/** Sends content; resolves to its checksum, or with `onlySent` to that of what is sent of it. */
	async #sendContent(
		source: AsyncGenerator<Buffer | Passed, Content>,
		sums: BlockSums,
		path: Path,
		onlySent = false,
	): Promise<Buffer> {
		const {output, checksum, agreed} = this.#line
		const hasher = checksum.name === 'md5' && !onlySent ? undefined : await checksum.whole(SEED)
		const tokens = this.#tokens
		const matcher = sums.count > 0 ? new Matcher(sums, await checksum.block(SEED, agreed.seedFix)) : undefined
		let failure: unknown
		let md5 = ''
		try {
			for (let next = await source.next(); ; next = await source.next()) {
				if (next.done) {
					md5 = next.value.md5
					break
				}
				if ('passed' in next.value) {
					if (!onlySent) hasher?.update(next.value.passed)
					continue
				}
				hasher?.update(next.value)
				for (const instruction of matcher ? matcher.push(next.value) : [next.value])
					await (typeof instruction === 'number' ? tokens.match(instruction) : tokens.literal(instruction))
				await output.ready()
			}
		} catch (error) {
			failure = error
		}
		for (const instruction of matcher?.end() ?? [])
			await (typeof instruction === 'number' ? tokens.match(instruction) : tokens.literal(instruction))
		await tokens.end()
		if (failure === undefined) return hasher ? hasher.digest() : Buffer.from(md5, 'hex')
		// the client must not take for whole what is not: no file has this sum but by a chance of 2^-128
		this.#fail(path, failure)
		this.#line.ioError |= IO_ERROR.general
		return createHash('md5').update(`${Math.random()}`).digest().subarray(0, checksum.length)
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

const readCounts = (cursor: Cursor): number[] => Array.from({length: 5}, () => cursor.varint())

/** Numbers that grow, as their differences, ended by 0. */
function readNumbers(cursor: Cursor): number[] {
	const numbers: number[] = []
	for (let number = 0; ;) {
		const difference = cursor.varint()
		if (difference === 0) return numbers
		number += difference
		if (difference < 0 || number > 1 << 16)
			throw new RsyncError(RERR.protocol, `attribute ${number} was asked for`)
		numbers.push(number)
	}
}

const NAME_LIMIT = 4096

/** Names that each end in a NUL, up to an empty one. */
async function* namesFrom(input: Line['input']): AsyncIterable<Path> {
	for (;;) {
		const name = await input.read((cursor) => {
			for (let text = ''; ;) {
				const c = cursor.byte()
				if (c === 0) return text
				text += String.fromCharCode(c)
				if (text.length > NAME_LIMIT) throw new RsyncError(RERR.protocol, 'a name is too long')
			}
		})
		if (name === '') return
		yield name
	}
}

/** A generator that has come to its first piece, so that its opening has succeeded. */
async function primed<T, R>(source: AsyncGenerator<T, R>): Promise<AsyncGenerator<T, R>> {
	const first = await source.next()
	return (async function* () {
		if (first.done) return first.value
		yield first.value
		return yield* source
	})()
}

/** Bytes that the other side has already (--append). */
type Passed = {readonly passed: Buffer}

/** The bytes that sums are of. */
const lengthOf = ({count, blockLength, remainder}: BlockSums): number =>
	count * blockLength - (remainder > 0 ? blockLength - remainder : 0)

/** Content whose first `length` bytes are only passed. */
async function* behind(
	source: AsyncGenerator<Buffer, Content>,
	length: number,
): AsyncGenerator<Buffer | Passed, Content> {
	let left = length
	for (let next = await source.next(); ; next = await source.next()) {
		if (next.done) return next.value
		const passed = next.value.subarray(0, left)
		left -= passed.length
		if (passed.length > 0) yield {passed}
		if (passed.length < next.value.length) yield next.value.subarray(passed.length)
	}
}

async function* only({bytes, md5}: Body): AsyncGenerator<Buffer, Content> {
	if (bytes.length > 0) yield bytes
	return {size: bytes.length, md5}
}
