// A large file, sent as the parts of a multipart upload, several at once.
//
// The upload is remembered in .s3rsync/uploads before its first part goes, and a later run sends
// only the parts that the store does not list. A file that changed meanwhile begins anew. An upload
// of the same file that somebody else began is taken up: see take-up.ts.

import {joinedEtag, partSize} from '../algo/parts.ts'
import {fatal} from '../base/errors.ts'
import {pool} from '../base/pool.ts'
import type {Entry} from '../format/entry.ts'
import {forgetUpload, identityOf, readUpload, type UploadRecord, writeUpload} from '../repo/uploads.ts'
import {
	type Condition,
	type Head,
	isKind,
	type Part,
	type Properties,
	StoreError,
	type Written,
} from '../store/store.ts'
import {describe} from './cargo.ts'
import {isPacked} from './content-type.ts'
import {current} from './current.ts'
import type {OpenFile} from './files.ts'
import {PartsWidth} from './parts-width.ts'
import {packedPieces, type Piece, PlainPieces, type Sums} from './pieces.ts'
import type {Sender} from './send.ts'
import {corrected, type Parts, partsOf} from './take-up.ts'

/** A file of so many parts, or more, is sent with one other. */
export const SEVERAL = 8
/** How often an upload that somebody else ended is begun anew. */
const ATTEMPTS = 3

/** A file that the store has now; the local side of `entry` is that of the bytes that were sent. */
export type SentFile = {
	readonly entry: Entry
	readonly written: Written
	/** Bytes stored. */
	readonly size: number
}

/** Sends a file in parts; the entry returned has the local side that was sent. */
export async function sendParts(sender: Sender, planned: Entry): Promise<SentFile> {
	const {files, pretend} = sender.options
	if (pretend) return pretendParts(sender, planned)
	const file = files.open(planned.path)
	try {
		const packed = isPacked(planned.path, sender.options)
		const {entry, sums} = await current(sender, planned, file, packed)
		const {properties, side} = describe(entry, sender.options, {etagIsMd5: false, original: packed})
		if (side) await sender.sides.send(side)
		const sending = {entry, file, packed, properties, sums}
		const {size: bytes} = file.stat
		const parts = Math.min(SEVERAL, Math.ceil(bytes / partSize(bytes)))
		const send = () => sender.large.hold(parts, () => sendPersistently(sender, sending))
		const {size, ...written} = await sender.ahead.send(send)
		return {entry, written, size}
	} finally {
		file.close()
	}
}

/** Asks of a store that pretends what sending the file would take, but for the parts that are there. */
async function pretendParts(sender: Sender, planned: Entry): Promise<SentFile> {
	const {store, files, session} = sender.options
	const file = files.open(planned.path)
	try {
		const {size} = file.stat
		const key = sender.key(planned.path)
		const own = readUpload(session.place, planned.path)
		const isOwn = own?.key === key && own.file === identityOf(file.stat)
		const mayTakeUp = !isOwn && !isPacked(planned.path, sender.options)
		const taken = mayTakeUp ? await sender.begun.find(key, file) : undefined
		const listed = isOwn ? await partsOf(store, key, own.id) : taken?.listed
		const id = isOwn ? own.id : (taken?.id ?? (await store.createUpload(key, {})))
		const piece = (isOwn ? own.partSize : taken?.partSize) ?? partSize(size)
		for (let number = 1, at = 0; at < size; number++, at += piece)
			if (!listed?.has(number)) await store.uploadPart(key, id, number, unread(Math.min(piece, size - at)))
		return {entry: planned, written: await store.completeUpload(key, id, [], {}), size}
	} finally {
		file.close()
	}
}

const unread = (length: number) => ({
	length,
	async *chunks(): AsyncIterable<Buffer> {},
})

type Sending = {
	readonly entry: Entry
	readonly file: OpenFile
	/** Whether gzip of it is sent. */
	readonly packed: boolean
	/** What is to be stored beside the bytes. */
	readonly properties: Properties
	/** What vouches for the pieces, where that was taken before. */
	readonly sums?: Sums | undefined
}
type Sent = Written & {readonly size: number}

/** Sends a file, anew where somebody else ended the upload or sent other parts to it. */
async function sendPersistently(sender: Sender, sending: Sending): Promise<Sent> {
	for (let attempt = 1; ; attempt++) {
		try {
			return await sendOnce(sender, sending, attempt === 1)
		} catch (error) {
			if (attempt === ATTEMPTS || !isEndedByOthers(error)) throw error
		}
	}
}

const isEndedByOthers = (error: unknown): boolean =>
	error instanceof StoreError && ['NoSuchUpload', 'InvalidPart'].includes(error.code)

async function sendOnce(sender: Sender, sending: Sending, mayTakeUp: boolean): Promise<Sent> {
	const {entry, file} = sending
	const {place} = sender.options.session
	const upload = await begin(sender, sending, mayTakeUp)
	if (!('id' in upload)) return upload
	const parts = await sendPieces(sender, sending, upload).catch((error: unknown) => {
		if (isOfOtherBytes(error) || !file.unchanged()) return undefined
		throw error
	})
	if (parts === undefined || !file.unchanged()) {
		await drop(sender, upload)
		throw fatal('it changed while it was sent')
	}
	const sent = await complete(sender, sending, upload, parts)
	forgetUpload(place, entry.path)
	return sent
}

/** A piece was not that any more of which the SHA-256 had been taken. */
const isOfOtherBytes = (error: unknown): boolean =>
	error instanceof StoreError && error.code === 'XAmzContentSHA256Mismatch'

type Begun = UploadRecord & {readonly listed: Parts}

/** The upload that an earlier run or another machine began for this file, or a new one; or the object, where it was completed. */
async function begin(
	sender: Sender,
	{entry, file, packed, properties}: Sending,
	mayTakeUp: boolean,
): Promise<Begun | Sent> {
	const {store, session} = sender.options
	const key = sender.key(entry.path)
	const size = partSize(file.stat.size)
	const wanted = {path: entry.path, key, partSize: size, packed, file: identityOf(file.stat)}
	const begun = readUpload(session.place, entry.path)
	if (begun?.id === '') await sender.begun.endEmpty(key)
	else if (begun && isSame(begun, wanted)) {
		const listed = await partsOf(store, key, begun.id)
		if (listed) return {...begun, listed}
		// the store knows it no more: it was completed, and the reply got lost, or we
		const head = await store.head(key)
		forgetUpload(session.place, entry.path)
		if (head && isOf(head, properties)) return corrected(store, key, head, properties)
	} else if (begun) await drop(sender, begun)
	const taken = mayTakeUp && !packed ? await sender.begun.find(key, file) : undefined
	if (!taken) writeUpload(session.place, {...wanted, id: ''})
	const id = taken?.id ?? (await store.createUpload(key, properties))
	const record = {...wanted, id, ...(taken && {partSize: taken.partSize, taken: true})}
	writeUpload(session.place, record)
	return {...record, listed: taken?.listed ?? new Map()}
}

/** Whether an object has the content that these properties are of: they hold its MD5. */
const isOf = (head: Head, {metadata = {}}: Properties): boolean =>
	Object.entries(metadata).every(
		([name, value]) => !['md5chksum', 's3r'].includes(name) || head.metadata[name] === value,
	)

/** Forgets an upload, and ends it if it was begun here. */
async function drop(sender: Sender, {path, key, id, taken}: UploadRecord): Promise<void> {
	const {store, session} = sender.options
	if (taken !== true && id !== '') await store.abortUpload(key, id)
	forgetUpload(session.place, path)
}

/** Sends the pieces that are not listed yet; resolves to all parts in order. */
async function sendPieces(
	sender: Sender,
	{file, packed, entry, sums}: Sending,
	upload: Begun,
): Promise<Part[]> {
	const {store, events, signal} = sender.options
	const {key, id, listed, partSize: size} = upload
	const parts: Part[] = []
	const sendPiece = async ({number, body, md5, sha256}: Piece): Promise<void> => {
		const known = listed.get(number)
		const isThere = known?.size === body.length && known.etag === md5().toString('hex')
		const isVouched = sha256 !== undefined || Buffer.isBuffer(body)
		const send = () => store.uploadPart(key, id, number, body, isVouched ? {sha256} : {md5: md5()})
		const etag = isThere ? known.etag : await send()
		parts.push({number, etag, size: body.length})
		events.moved(body.length, entry.path)
	}
	const how = {width: new PartsWidth(), signal}
	const hold = (bytes: number, work: () => Promise<void>) => sender.budget.hold(bytes, work)
	if (packed) {
		await pool(packedPieces(file, size), how, (piece) => hold(piece.body.length, () => sendPiece(piece)))
	} else {
		const pieces = new PlainPieces(file, size, sender.memory, sums?.size === size ? sums : undefined)
		await pool(pieces.numbers(), how, (number) => hold(pieces.held, () => pieces.use(number, sendPiece)))
	}
	return parts.toSorted((a, b) => a.number - b.number)
}

/** Makes the object, under its guard; or finds that somebody made it of the same bytes, and that it is to have our properties. */
async function complete(
	sender: Sender,
	{entry, properties}: Sending,
	upload: Begun,
	parts: readonly Part[],
): Promise<Sent> {
	const {store} = sender.options
	const {key, id} = upload
	const size = parts.reduce((sum, part) => sum + part.size, 0)
	const finish = async (condition: Condition): Promise<Sent> => {
		const written = await store.completeUpload(key, id, parts, condition)
		const head = upload.taken ? await store.head(key) : undefined
		return head?.etag === written.etag ? corrected(store, key, head, properties) : {...written, size}
	}
	try {
		return await finish(sender.guard(entry))
	} catch (error) {
		if (!isKind(error, 'precondition') && !isKind(error, 'not-found')) throw error
		const head = await store.head(key)
		if (!head && isKind(error, 'precondition')) return finish({ifNoneMatch: '*'})
		await drop(sender, upload)
		if (head && (head.etag === joinedEtag(parts) || isOf(head, properties)))
			return corrected(store, key, head, properties)
		throw error
	}
}

const isSame = (begun: UploadRecord, wanted: Omit<UploadRecord, 'id'>): boolean =>
	begun.key === wanted.key &&
	(begun.partSize === wanted.partSize || begun.taken === true) &&
	begun.packed === wanted.packed &&
	begun.file === wanted.file
