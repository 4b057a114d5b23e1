// A large file, sent as the parts of a multipart upload, several at once.
//
// The upload is remembered in .s3rsync/uploads before its first part goes, and a later run sends
// only the parts that the store does not list. A file that changed meanwhile begins anew.

import {createHash} from 'node:crypto'
import {createGzip} from 'node:zlib'
import {pipeline, Readable} from 'node:stream'
import {fatal} from '../base/errors.ts'
import {pool} from '../base/pool.ts'
import {partSize} from '../algo/parts.ts'
import type {Entry} from '../format/entry.ts'
import {forgetUpload, identityOf, readUpload, type UploadRecord, writeUpload} from '../repo/uploads.ts'
import {
	type Body,
	type Condition,
	type Head,
	isKind,
	type Part,
	type Properties,
	type Store,
	type Written,
} from '../store/store.ts'
import {digestOf} from './attributes.ts'
import {describe, refreshed} from './cargo.ts'
import {isCompressible} from './content-type.ts'
import type {OpenFile} from './files.ts'
import type {Sender} from './send.ts'
import {isRacy} from './unchanged.ts'

/** Parts of one file under way at once. */
const WIDTH = 4
/** Parts larger than this are streamed, not held in memory. */
const HELD = 16 * 2 ** 20
const CHUNK = 2 ** 20

type Piece = {readonly number: number; readonly body: Body; readonly md5: Buffer}
/** A file that the store has now; the local side of `entry` is that of the bytes that were sent. */
export type SentFile = {
	readonly entry: Entry
	readonly written: Written
	/** Bytes stored. */
	readonly size: number
}

/** Sends a file in parts; the entry returned has the local side that was sent. */
export async function sendParts(sender: Sender, planned: Entry): Promise<SentFile> {
	const {files, compress, pretend} = sender.options
	if (pretend) return {entry: planned, written: {etag: ''}, size: planned.local?.size ?? 0}
	const file = files.open(planned.path)
	try {
		const entry = current(sender, planned, file)
		const packed = compress === true && isCompressible(entry.path)
		const {properties, side} = describe(entry, sender.options, {etagIsMd5: false, original: packed})
		await sender.sendSide(side)
		const sent = await sendTo(sender, entry, file, packed, properties)
		return {entry, ...sent}
	} finally {
		file.close()
	}
}

/** The entry as the open file has it: hashed again if it may have changed since it was indexed. */
function current(sender: Sender, planned: Entry, {stat}: OpenFile): Entry {
	const {local} = planned
	const {session, files, owners} = sender.options
	if (!local) throw fatal('it is not in the index')
	const isSeen = local.ctime === stat.ctime && local.size === stat.size && local.ino === BigInt(stat.ino)
	if (isSeen && !isRacy(stat.ctime, session.index.scanned)) return planned
	const now = refreshed(local, stat, files.hash(planned.path, stat))
	return {...planned, local: now, attrs: digestOf(now, owners)}
}

async function sendTo(
	sender: Sender,
	entry: Entry,
	file: OpenFile,
	packed: boolean,
	properties: Properties,
): Promise<{written: Written; size: number}> {
	const {store, session} = sender.options
	const {place} = session
	const key = sender.key(entry.path)
	const wanted = {
		path: entry.path,
		key,
		partSize: partSize(file.stat.size),
		packed,
		file: identityOf(file.stat),
	}
	const upload = await begin(sender, wanted, properties)
	if ('head' in upload) {
		forgetUpload(place, entry.path)
		return {written: upload.head, size: upload.head.size}
	}
	const {id, listed} = upload
	const parts = await sendPieces(sender, {file, key, id, listed, packed, entry})
	if (!file.unchanged()) {
		await store.abortUpload(key, id)
		forgetUpload(place, entry.path)
		throw fatal('it changed while it was sent')
	}
	const written = await complete(sender, entry, {key, id, parts, properties})
	forgetUpload(place, entry.path)
	return {written, size: parts.reduce((sum, part) => sum + part.size, 0)}
}

type Upload = {readonly id: string; readonly listed: ReadonlyMap<number, Part>}

/** The upload that an earlier run began for this file, or a new one; or the object, where it was completed. */
async function begin(
	{options}: Sender,
	wanted: Omit<UploadRecord, 'id'>,
	properties: Properties,
): Promise<Upload | {readonly head: Head}> {
	const {store, session, acl, storageClass} = options
	const begun = readUpload(session.place, wanted.path)
	if (begun && isSame(begun, wanted)) {
		const listed = await partsOf(store, begun)
		if (listed) return {id: begun.id, listed}
		// the store knows it no more: it was completed, and the reply got lost, or we
		const head = await store.head(wanted.key)
		if (head && isOf(head, properties)) return {head}
	} else if (begun) await store.abortUpload(begun.key, begun.id)
	const id = await store.createUpload(wanted.key, {...properties, acl, storageClass})
	writeUpload(session.place, {...wanted, id})
	return {id, listed: new Map()}
}

/** Whether an object is the one that was to have these properties: its metadata hold the MD5 of the content. */
const isOf = (head: Head, {metadata = {}}: Properties): boolean =>
	Object.entries(metadata).every(([name, value]) => head.metadata[name] === value)

type Sending = {
	readonly file: OpenFile
	readonly key: string
	readonly id: string
	readonly listed: ReadonlyMap<number, Part>
	readonly packed: boolean
	readonly entry: Entry
}

/** Sends the pieces that are not listed yet; resolves to all parts in order. */
async function sendPieces(sender: Sender, {file, key, id, listed, packed, entry}: Sending): Promise<Part[]> {
	const {store, events, signal} = sender.options
	const parts: Part[] = []
	const size = partSize(file.stat.size)
	const pieces = packed ? packedPieces(file, size) : plainPieces(file, size)
	await pool(pieces, {width: WIDTH, signal}, async ({number, body, md5}) => {
		const known = listed.get(number)
		const isThere = known?.size === body.length && known.etag === md5.toString('hex')
		const etag = isThere
			? known.etag
			: await sender.budget.hold(Buffer.isBuffer(body) ? body.length : CHUNK, () =>
					store.uploadPart(key, id, number, body, md5),
				)
		parts.push({number, etag, size: body.length})
		events.moved(body.length, entry.path)
	})
	return parts.toSorted((a, b) => a.number - b.number)
}

/** The parts of a file; one that is empty by now has an empty one, for an upload needs a part. */
function* plainPieces(file: OpenFile, size: number): Iterable<Piece> {
	let at = 0
	for (let number = 1; number === 1 || at < file.stat.size; number++, at += size) {
		const length = Math.min(size, file.stat.size - at)
		const body = length <= HELD ? file.read(at, length) : streamed(file, at, length)
		yield {number, body, md5: md5Of(file, at, length, body)}
	}
}

const streamed = (file: OpenFile, at: number, length: number): Body => ({
	length,
	async *chunks() {
		yield* chunksOf(file, at, length)
	},
})

function* chunksOf(file: OpenFile, at: number, length: number): Iterable<Buffer> {
	for (let done = 0; done < length; done += CHUNK) yield file.read(at + done, Math.min(CHUNK, length - done))
}

function md5Of(file: OpenFile, at: number, length: number, body: Body): Buffer {
	const hash = createHash('md5')
	if (Buffer.isBuffer(body)) hash.update(body)
	else for (const chunk of chunksOf(file, at, length)) hash.update(chunk)
	return hash.digest()
}

async function* packedPieces(file: OpenFile, size: number): AsyncIterable<Piece> {
	const gzip = createGzip()
	// what goes wrong ends the reading of gzip
	pipeline(Readable.from(chunksOf(file, 0, file.stat.size)), gzip, () => {})
	let held: Buffer[] = []
	let length = 0
	let number = 1
	const take = (): Piece => {
		const body = Buffer.concat(held)
		held = []
		length = 0
		return {number: number++, body, md5: createHash('md5').update(body).digest()}
	}
	for await (const chunk of gzip as AsyncIterable<Buffer>) {
		held.push(chunk)
		length += chunk.length
		if (length >= size) yield take()
	}
	yield take()
}

async function complete(
	sender: Sender,
	entry: Entry,
	{key, id, parts, properties}: {key: string; id: string; parts: readonly Part[]; properties: Properties},
): Promise<Written> {
	const {store, session} = sender.options
	const finish = (condition: Condition) => store.completeUpload(key, id, parts, condition)
	try {
		return await finish(sender.guard(entry))
	} catch (error) {
		if (!isKind(error, 'precondition') && !isKind(error, 'not-found')) throw error
		const head = await store.head(key)
		if (!head && isKind(error, 'precondition')) return finish({ifNoneMatch: '*'})
		await store.abortUpload(key, id)
		forgetUpload(session.place, entry.path)
		if (head && isOf(head, properties)) return head
		throw error
	}
}

const isSame = (begun: UploadRecord, wanted: Omit<UploadRecord, 'id'>): boolean =>
	begun.key === wanted.key &&
	begun.partSize === wanted.partSize &&
	begun.packed === wanted.packed &&
	begun.file === wanted.file

/** The parts that the store has of an upload, or undefined if it does not know it any more. */
async function partsOf(store: Store, {key, id}: UploadRecord): Promise<Map<number, Part> | undefined> {
	const parts = new Map<number, Part>()
	try {
		for await (const part of store.listParts(key, id)) parts.set(part.number, part)
		return parts
	} catch (error) {
		if (isKind(error, 'not-found')) return undefined
		throw error
	}
}
