// What a thread does for a push: reads, hashes and sends a small file.

import type {Path} from '../base/path.ts'
import type {Local} from '../format/entry.ts'
import type {Remote} from '../format/remote.ts'
import {Owners} from '../local/owners.ts'
import type {Condition, Store, Written} from '../store/store.ts'
import {cargoOf, type Stored} from './cargo.ts'
import type {Work} from './crew.ts'
import {LocalFiles} from './local-files.ts'

export type SendJob = {
	readonly kind: 'send'
	readonly remote: Remote
	/** The root of the local side. */
	readonly root: Path
	readonly compress?: boolean | undefined
	readonly stored?: Stored | undefined
}

export type SendTask = {
	readonly path: Path
	readonly key: string
	readonly local: Local
	readonly guard: Condition
}

/** A file that the store has now: as it was when it was read, and what the store said. */
export type Sent = {
	readonly local: Local
	readonly attrs: string
	readonly written: Written
	/** Bytes stored, and the MD5 (hex) of these bytes. */
	readonly size: number
	readonly md5: string
}

export function sending({root, compress, stored}: SendJob, store: Store): Work<SendTask, Sent> {
	const how = {files: new LocalFiles(root, {}), owners: new Owners(), compress, stored}
	return {
		async do({path, key, local, guard}) {
			const {entry, body, md5, properties, side} = cargoOf({path, local}, how, true)
			if (side || !entry.local || entry.attrs === undefined) return undefined
			const written = await store.put(key, body, {...properties, md5, ...guard})
			return {local: entry.local, attrs: entry.attrs, written, size: body.length, md5: md5.toString('hex')}
		},
		close() {},
	}
}
