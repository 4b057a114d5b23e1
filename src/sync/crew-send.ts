// What a thread does for a push: reads, hashes and sends a file in one piece, or what is none, or gives an object attributes.

import type {Path} from '../base/path.ts'
import {SpareMemory} from '../base/spare.ts'
import type {Local} from '../format/entry.ts'
import type {Remote} from '../format/remote.ts'
import {Owners} from '../local/owners.ts'
import type {Seen} from '../local/read.ts'
import {isAsSeen} from '../local/stat.ts'
import {counted, type Counts, sumOf} from '../store/counted.ts'
import {type Condition, putOptions, type Store, type Written} from '../store/store.ts'
import {
	cargoOf,
	type CargoOptions,
	describe,
	type Expected,
	fileCargo,
	readFile,
	type Stored,
} from './cargo.ts'
import type {Work} from './crew.ts'
import {fieldsOf, type LocalFields, localIn} from './crew-fields.ts'
import {KeptAcls} from './kept-acl.ts'
import {localOf} from './local.ts'
import {LocalFiles} from './local-files.ts'
import {Md5Together} from './md5-together.ts'
import {streamed} from './pieces.ts'
import {relabel, type RelabelOptions} from './relabel.ts'

export type SendJob = {
	readonly kind: 'send'
	readonly remote: Remote
	/** The root of the local side. */
	readonly root: Path
	readonly compress?: boolean | undefined
	readonly stored?: Stored | undefined
}

/** A regular file, as it was seen. `guard`: the ETag that its object must have, or '*' for none, or '' for any. */
type PutTask = readonly [
	what: 'put',
	path: Path,
	key: string,
	guard: string,
	link: string | undefined,
	size: number,
	ino: bigint,
	ctime: bigint,
	known: KnownSums | undefined,
]

/**
 * What is known of the bytes of a file as it was seen, in hex; and whether that is all that the store wants to know, so that they need
 * not be in memory.
 */
export type KnownSums = readonly [md5: string, sha256: string | undefined, isEnough: boolean]

/** A file whose attributes an object gets, and the bytes of the object `from` with this ETag. */
type CopyTask = readonly [
	what: 'copy',
	path: Path,
	key: string,
	guard: string,
	local: LocalFields,
	from: string,
	etag: string | undefined,
]

/** What is no regular file, with the attributes that were seen of it. */
type NonRegularTask = readonly [
	what: 'non-regular',
	path: Path,
	key: string,
	guard: string,
	local: LocalFields,
]

export type SendTask = PutTask | CopyTask | NonRegularTask

/**
 * What is there now: its bytes, what the store said, and of a file that was read the MD5 (hex) of what was sent, and what it was
 * then where that is not what it had been seen as with just this MD5.
 */
export type Sent = readonly [
	size: number,
	etag: string,
	version: string | undefined,
	modified: number | undefined,
	read: readonly [md5: string, local: LocalFields | undefined] | undefined,
]

export const guardOf = ({ifMatch, ifNoneMatch}: Condition): string => ifNoneMatch ?? ifMatch ?? ''

const conditionOf = (guard: string): Condition =>
	guard === '*' ? {ifNoneMatch: '*'} : guard === '' ? {} : {ifMatch: guard}

/** What a thread says of a file that it sent, or of an object that it copied. */
export const sentFile = ([size, etag, version, modified, read]: Sent): {
	readonly size: number
	readonly written: Written
	readonly read: {readonly md5: string; readonly local: Local | undefined} | undefined
} => ({
	size,
	written: {etag, version, modified},
	read: read && {md5: read[0], local: read[1] && localIn(read[1])},
})

export function sending({root, compress, stored}: SendJob, store: Store): Work<SendTask, Sent> {
	const counts = sumOf([])
	const memory = new SpareMemory()
	const how = {files: new LocalFiles(root, {}), owners: new Owners(), compress, stored, memory}
	const asking = counted(store, Infinity, counts)
	const putting = {...how, store, counts, md5s: new Md5Together()}
	const copying = {...how, store: asking, acls: new KeptAcls(asking), sides: NO_SIDES}
	return {
		do(task) {
			if (task[0] === 'put') return put(task, putting)
			return task[0] === 'copy' ? copy(task, copying) : putNonRegular(task, putting)
		},
		counts,
		close() {},
	}
}

type PutOptions = CargoOptions & {
	readonly store: Store
	readonly counts: Counts
	readonly md5s: Md5Together
	readonly memory: SpareMemory
}

/** Counts by itself: a store that counts takes a twentieth more CPU. */
function put(task: PutTask, how: PutOptions): Promise<Sent | undefined> {
	const [, path, , , link, size, ino, ctime, known] = task
	if (known?.[2]) return stream(task, known, how)
	const seen = {link, size, ino, ctime}
	const read = readFile(path, seen, how)
	// the store compares it with what comes
	const isKnown = known !== undefined && isAsSeen(read.stat, seen)
	if (isKnown) return send(task, seen, read, Buffer.from(known[0], 'hex'), how)
	return how.md5s.of(read.bytes).then((md5) => send(task, seen, read, md5, how))
}

/** Sends what was read, whose MD5 is given; undefined where an object beside it is needed. */
function send(
	[, path, key, guard]: PutTask,
	seen: Expected,
	{bytes, stat}: Seen,
	bytesMd5: Buffer,
	how: PutOptions,
): Promise<Sent | undefined> {
	const {link, xattrs} = seen
	const file = {path, bytes, stat, md5: bytesMd5, link, xattrs}
	const {local, body, md5, properties, side} = fileCargo(file, how, true)
	if (side) return Promise.resolve(undefined)
	const sent = md5.hexSlice(0, 16)
	const isExpected = isAsSeen(local, seen) && local.md5 === sent
	const said = [sent, isExpected ? undefined : fieldsOf(local)] as const
	how.counts.put++
	return how.store
		.put(key, body, putOptions(properties, conditionOf(guard), md5))
		.then(({etag, version, modified}) => {
			how.counts.sent += body.length
			// the store has verified all of it, and reads it no more
			how.memory.give(body)
			return [body.length, etag, version, modified, said]
		})
}

/** Sends a file while it is read; undefined where it is another by now. */
async function stream(
	[, path, key, guard, link, size, ino, ctime]: PutTask,
	[md5, sha256]: KnownSums,
	how: PutOptions,
): Promise<Sent | undefined> {
	const file = how.files.open(path)
	try {
		if (!isAsSeen(file.stat, {size, ino, ctime})) return undefined
		const local = localOf(file.stat, {md5, link})
		const {properties, side} = describe({path, local}, how, {etagIsMd5: true, original: false})
		if (side) return undefined
		how.counts.put++
		const body = streamed(file, 0, size, how.memory)
		const options = putOptions(properties, conditionOf(guard), Buffer.from(md5, 'hex'), sha256)
		const {etag, version, modified} = await how.store.put(key, body, options)
		how.counts.sent += size
		return [size, etag, version, modified, [md5, undefined]]
	} finally {
		file.close()
	}
}

/** Sends what is no regular file; undefined where an object beside it is needed. */
async function putNonRegular(
	[, path, key, guard, local]: NonRegularTask,
	how: PutOptions,
): Promise<Sent | undefined> {
	const {body, md5, properties, side} = cargoOf({path, local: localIn(local)}, how, true)
	if (side) return undefined
	how.counts.put++
	const {etag, version, modified} = await how.store.put(
		key,
		body,
		putOptions(properties, conditionOf(guard), md5),
	)
	how.counts.sent += body.length
	return [body.length, etag, version, modified, [md5.hexSlice(0, 16), undefined]]
}

async function copy([, path, to, guard, local, from, etag]: CopyTask, how: RelabelOptions): Promise<Sent> {
	const wanted = {path, local: localIn(local), from, etag, to, guard: conditionOf(guard)}
	const {written, size} = await relabel(wanted, how)
	return [size, written.etag, written.version, written.modified, undefined]
}

/** Two threads must not send the same one at a time. */
const NO_SIDES: RelabelOptions['sides'] = {
	send: () => Promise.reject(new Error('what an object of its own is needed for is left to the caller')),
}
