// What a thread does for a pull: fetches a file in one piece, verifies it and puts it in its place, or asks for the head of an object.
// Of what is no file by itself it hands over what it got.

import type {Path} from '../base/path.ts'
import {type Local, TYPE} from '../format/entry.ts'
import type {Remote} from '../format/remote.ts'
import {Owners} from '../local/owners.ts'
import type {Fingerprint} from '../local/stat.ts'
import {counted, sumOf} from '../store/counted.ts'
import type {Got, Head, Store} from '../store/store.ts'
import {leave, WholeBody} from '../store/whole.ts'
import {arrivalOf, hasXattrs, type Preserve, withXattrs} from './arrival.ts'
import {digestOf} from './attributes.ts'
import type {Work} from './crew.ts'
import {fieldsOf, type LocalFields, localIn} from './crew-fields.ts'
import {download} from './download.ts'
import {localOf} from './local.ts'
import {type DiskOptions, LocalDisk} from './local-files.ts'
import {Md5Together} from './md5-together.ts'
import {xattrsOf} from './notes.ts'
import {SumsTogether} from './sums-together.ts'
import {isAsKnown} from './unchanged.ts'

export type ReceiveJob = {
	readonly kind: 'receive'
	readonly remote: Remote
	/** The root of the local side. */
	readonly root: Path
	readonly preserve: Preserve
	readonly umask: number
	readonly disk: Omit<DiskOptions, 'owners'>
}

/** What is fetched, and what the index knows of the file that it replaces. `force`: it replaces whatever is there. */
type GetTask = readonly [
	what: 'get',
	path: Path,
	key: string,
	size: number,
	force: boolean,
	known: Fingerprint | undefined,
]

export type ReceiveTask = GetTask | readonly [what: 'head', key: string]

/**
 * What is here now: its bytes at the store, what that said of it, the attributes that could not be restored, by kind and with
 * the reason, and the file as it is.
 */
export type Received = readonly [
	size: number,
	etag: string,
	version: string | undefined,
	modified: number,
	lost: readonly (readonly [kind: string, why: string])[],
	attrs: string,
	local: LocalFields,
]

/** What a thread says of a file that it brought. */
export const receivedFile = ([size, etag, version, modified, lost, attrs, local]: Received): {
	readonly head: Pick<Head, 'etag' | 'size' | 'version' | 'modified'>
	readonly lost: Received[4]
	readonly attrs: string
	readonly local: Local
} => ({head: {etag, size, version, modified}, lost, attrs, local: localIn(local)})

/** What the store says of an object, for the caller to make something of it; of one that was fetched, with its bytes. */
export type Told = {readonly head: Head; readonly bytes?: Uint8Array}

export const isTold = (answer: Received | Told): answer is Told => 'head' in answer

export function receiving(job: ReceiveJob, store: Store): Work<ReceiveTask, Received | Told> {
	const counts = sumOf([])
	const asking = counted(store, Infinity, counts)
	const owners = new Owners()
	const disk = new LocalDisk(job.root, {...job.disk, owners})
	const place = {job, store: asking, disk, owners, md5s: new Md5Together(), sums: new SumsTogether()}
	return {
		do(task) {
			if (task[0] === 'head') return asking.head(task[1]).then((head) => head && {head})
			const [, , key, size] = task
			counts.get++
			return store.get(key, {lent: true, size}).then(async (got) => {
				counts.received += got.head.size
				try {
					return await take(task, got, place)
				} finally {
					await leave(got.body)
				}
			})
		},
		counts,
		close: () => disk.close(),
	}
}

type Place = {
	readonly job: ReceiveJob
	readonly store: Store
	readonly disk: LocalDisk
	readonly owners: Owners
	readonly md5s: Md5Together
	readonly sums: SumsTogether
}

/** Puts what a GET brings in the place of what is known to be there. */
async function take(
	[, path, key, , force, known]: GetTask,
	{head, body}: Got,
	{job: {remote, preserve, umask}, store, disk, owners, md5s, sums}: Place,
): Promise<Received | Told | undefined> {
	const plain = arrivalOf(path, key, head, preserve, umask)
	const isLink = preserve.hardLinks === true && plain.attributes.link !== undefined
	if (plain.type !== TYPE.file || isLink)
		return body instanceof WholeBody ? {head, bytes: new Uint8Array(body.bytes)} : undefined
	const arrival = hasXattrs(plain) ? await withXattrs(plain, store, remote.prefix, preserve) : plain
	const {mode} = arrival.attributes
	// nobody sees to it that two threads do not make files that the file system takes for one
	const file = disk.create(path, {isNew: known === undefined && !force, mode})
	try {
		const {md5} = await download(arrival, body, file, {store, key, onBytes() {}, md5s, sums})
		// a new one replaces nothing
		if (!force && known !== undefined && !isAsKnown(disk.stat(path), known)) return undefined
		const {lost, stat} = file.commit(arrival.attributes)
		const local = localOf(stat, {md5, xattrs: xattrsOf(arrival.attributes)})
		const {etag, size, version, modified} = head
		return [size, etag, version, modified, [...lost], digestOf(local, owners), fieldsOf(local)]
	} finally {
		file.discard()
	}
}
