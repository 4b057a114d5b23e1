// What a thread does for a pull: fetches a small file, verifies it and puts it in its place.

import type {Path} from '../base/path.ts'
import {type Local, TYPE} from '../format/entry.ts'
import type {Remote} from '../format/remote.ts'
import {Owners} from '../local/owners.ts'
import type {Got, Head, Store} from '../store/store.ts'
import {arrivalOf, type Preserve, withXattrs} from './arrival.ts'
import {digestOf} from './attributes.ts'
import type {Work} from './crew.ts'
import {download} from './download.ts'
import {localOf} from './local.ts'
import {type DiskOptions, LocalDisk} from './local-files.ts'
import {xattrsOf} from './notes.ts'
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

export type ReceiveTask = {
	readonly path: Path
	readonly key: string
	/** What the index knows of the file that it replaces. */
	readonly local: Local | undefined
	/** It replaces whatever is there. */
	readonly force: boolean | undefined
}

/** A file that is here now: as it is, and what the store said of its object. */
export type Received = {
	readonly local: Local
	readonly attrs: string
	readonly head: Pick<Head, 'etag' | 'size' | 'version' | 'modified'>
	/** Attributes that could not be restored, by kind, with the reason. */
	readonly lost: readonly (readonly [kind: string, why: string])[]
	/** Bytes received. */
	readonly size: number
}

export function receiving(job: ReceiveJob, store: Store): Work<ReceiveTask, Received> {
	const owners = new Owners()
	const disk = new LocalDisk(job.root, {...job.disk, owners})
	return {
		async do(task) {
			const got = await store.get(task.key)
			try {
				return await take(task, got, {job, store, disk, owners})
			} finally {
				await got.body[Symbol.asyncIterator]().return?.()
			}
		},
		close: () => disk.close(),
	}
}

type Place = {
	readonly job: ReceiveJob
	readonly store: Store
	readonly disk: LocalDisk
	readonly owners: Owners
}

/** Puts what a GET brings in the place of what is known to be there. */
async function take(
	{path, key, local: known, force}: ReceiveTask,
	{head, body}: Got,
	{job: {remote, preserve, umask}, store, disk, owners}: Place,
): Promise<Received | undefined> {
	const plain = arrivalOf(path, key, head, preserve, umask)
	const isLink = preserve.hardLinks === true && plain.attributes.link !== undefined
	if (plain.type !== TYPE.file || isLink) return undefined
	const arrival = await withXattrs(plain, store, remote.prefix, preserve)
	// nobody sees to it that two threads do not make files that the file system takes for one
	const file = disk.create(path, {isNew: known === undefined && force !== true})
	try {
		const {md5} = await download(arrival, body, file, {store, key, onBytes() {}})
		if (force !== true && !isAsKnown(disk.stat(path), known)) return undefined
		const {lost, stat} = file.commit(arrival.attributes)
		const local = {...localOf(stat), md5, xattrs: xattrsOf(arrival.attributes)}
		const {etag, size, version, modified} = head
		const attrs = digestOf(local, owners)
		return {local, attrs, head: {etag, size, version, modified}, lost: [...lost], size}
	} finally {
		file.discard()
	}
}
