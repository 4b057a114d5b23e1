// What an index hears of objects that somebody else stored, where a file lies here: each is asked for once, and one
// that says that it is this very file is one that both sides hold, as if this index had sent it.
//
// So the parts of a plan that other machines executed, on files that all of them see, are done here too.

import {isDirectory, type Path} from '../base/path.ts'
import {pool} from '../base/pool.ts'
import {agreed, type Entry, type Local, TYPE, typeOf} from '../format/entry.ts'
import {decodeMetadata} from '../format/foreign.ts'
import type {IndexRows} from '../format/index-file.ts'
import {keyOf} from '../format/key.ts'
import {attributesDigest} from '../format/metadata.ts'
import type {IndexSession} from '../repo/session.ts'
import type {Head, Store} from '../store/store.ts'
import {vouchedMd5} from './content.ts'
import {isFinal} from './final.ts'

export type AgreeOptions = {
	readonly store: Store
	readonly session: IndexSession
	/** The remote's prefix: '' or one that ends in '/'. */
	readonly prefix: string
	readonly signal: AbortSignal
	readonly onError: (path: Path, error: unknown) => void
}

/** Requests at once. */
const WIDTH = 32

/** Notes in the index which of the objects that are new to it are the files that lie here. */
export async function agree({store, session, prefix, signal, onError}: AgreeOptions): Promise<void> {
	await pool([...unsettled(session.index)], {width: WIDTH, signal}, async (path) => {
		const entry = session.get(path)
		if (!entry?.local || !entry.remote || entry.attrs === undefined) return
		try {
			const head = await store.head(prefix + keyOf(path))
			if (!head || head.etag !== entry.remote.etag || !isThisFile(head, prefix + keyOf(path), entry)) return
			const {local, remote, attrs} = entry
			session.put(agreed({path, local, remote, attrs}))
		} catch (error) {
			if (isFinal(error, signal)) throw error
			onError(path, error)
		}
	})
}

/** Paths with a file and an object that were never known to be the same, and may be: gzip is smaller than its file. */
function* unsettled(index: IndexRows): Iterable<Path> {
	for (let row = 0; row < index.count; row++) {
		if (index.inSync(row) || !index.hasLocal(row) || !index.hasRemote(row)) continue
		const {path, local, remote, base} = index.entry(row)
		if (!local || !remote || (base && remote.moved !== true)) continue
		if (isDirectory(path) || remote.size <= local.size) yield path
	}
}

/** Whether an object says that it is the file here, with all its attributes. */
function isThisFile(head: Head, key: string, {path, local, attrs}: Entry): boolean {
	const {attributes} = decodeMetadata(head.metadata, {key, ...head})
	const md5 = vouchedMd5({head, attributes})
	const isSameContent = isDirectory(path) || (local !== undefined && holds(local, head, md5))
	return isSameContent && attributesDigest(attributes) === attrs
}

/** Whether an object of this MD5, where one is vouched for, has what a local side has. */
const holds = ({mode, md5}: Local, head: Head, vouched: string | undefined): boolean =>
	md5 === undefined ? typeOf(mode) !== TYPE.file && head.size === 0 : md5 === vouched
