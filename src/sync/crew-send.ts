// What a thread does for a push: reads, hashes and sends a small file.

import type {Path} from '../base/path.ts'
import type {Local} from '../format/entry.ts'
import type {Remote} from '../format/remote.ts'
import {Owners} from '../local/owners.ts'
import type {Condition, Store, Written} from '../store/store.ts'
import {fileCargo, type Stored} from './cargo.ts'
import type {Work} from './crew.ts'
import {fieldsOf, type LocalFields, localIn} from './crew-fields.ts'
import {LocalFiles} from './local-files.ts'

export type SendJob = {
	readonly kind: 'send'
	readonly remote: Remote
	/** The root of the local side. */
	readonly root: Path
	readonly compress?: boolean | undefined
	readonly stored?: Stored | undefined
}

/** A regular file. `guard`: the ETag that its object must have, or '*' for none, or '' for any. */
export type SendTask = readonly [path: Path, key: string, guard: string, link: string | undefined]

/** What is there now: its bytes, their MD5 (hex), what the store said, and the file as it was when it was read. */
export type Sent = readonly [
	size: number,
	md5: string,
	etag: string,
	version: string | undefined,
	modified: number | undefined,
	attrs: string,
	local: LocalFields,
]

export const guardOf = ({ifMatch, ifNoneMatch}: Condition): string => ifNoneMatch ?? ifMatch ?? ''

const conditionOf = (guard: string): Condition =>
	guard === '*' ? {ifNoneMatch: '*'} : guard === '' ? {} : {ifMatch: guard}

/** What a thread says of a file that it sent. */
export const sentFile = ([size, md5, etag, version, modified, attrs, local]: Sent): {
	readonly size: number
	readonly md5: string
	readonly written: Written
	readonly attrs: string
	readonly local: Local
} => ({size, md5, written: {etag, version, modified}, attrs, local: localIn(local)})

export function sending({root, compress, stored}: SendJob, store: Store): Work<SendTask, Sent> {
	const how = {files: new LocalFiles(root, {}), owners: new Owners(), compress, stored}
	return {
		async do([path, key, guard, link]) {
			const {local, attrs, body, md5, properties, side} = fileCargo(path, {link}, how, true)
			if (side) return undefined
			const {etag, version, modified} = await store.put(key, body, {
				...properties,
				md5,
				...conditionOf(guard),
			})
			return [body.length, md5.toString('hex'), etag, version, modified, attrs, fieldsOf(local)]
		},
		close() {},
	}
}
