// A bucket as it was at a moment: what its versions say that it showed then. It is only read.

import {fatal} from '../base/errors.ts'
import {fromUnicode} from '../base/path.ts'
import {noSuchObject} from './errors.ts'
import type {GetOptions, Got, Head, Listed, Store, Version} from './store.ts'

/** Milliseconds since the epoch, and what is told of a bucket in which nothing shows that it keeps versions. */
export type Moment = {readonly time: number; readonly onUnversioned?: (() => void) | undefined}

/**
 * `store` as it was at `time`. What is listed has its version; whoever reads by that needs no other request,
 * for a key alone its versions are listed first. Most stores know times in whole seconds only.
 */
export function atMoment(store: Store, {time, onUnversioned}: Moment): Store {
	const find = async (key: string): Promise<Version | undefined> => {
		for await (const page of store.listVersions(key))
			for (const version of page) {
				if (version.key !== key) return undefined
				if (version.modified <= time) return version.deleted ? undefined : version
			}
		return undefined
	}
	const refuse = async (): Promise<never> => {
		throw fatal('what was cannot be changed')
	}
	return {
		bucket: store.bucket,
		url: store.url,
		signsBodies: store.signsBodies,
		get conditional() {
			return store.conditional
		},
		async *list(prefix, {after = ''} = {}) {
			for await (const page of shown(store.listVersions(prefix), time, onUnversioned))
				yield after === '' ? page : page.filter(({key}) => fromUnicode(key) > fromUnicode(after))
		},
		listVersions: (prefix) => store.listVersions(prefix),
		async head(key, {version} = {}): Promise<Head | undefined> {
			const found = version ?? (await find(key))?.version
			return found === undefined ? undefined : store.head(key, {version: found})
		},
		async get(key, options: GetOptions = {}): Promise<Got> {
			const found = options.version ?? (await find(key))?.version
			if (found === undefined) throw noSuchObject(store.bucket, key)
			return store.get(key, {...options, version: found})
		},
		async restore(key, options) {
			const version = options.version ?? (await find(key))?.version
			if (version === undefined) throw noSuchObject(store.bucket, key)
			return store.restore(key, {...options, version})
		},
		getAcl: (key) => store.getAcl(key),
		hasAcls: () => store.hasAcls(),
		bucketExists: () => store.bucketExists(),
		listUploads: (prefix) => store.listUploads(prefix),
		listParts: (key, id) => store.listParts(key, id),
		close: () => store.close(),
		put: refuse,
		copy: refuse,
		delete: refuse,
		deleteMany: refuse,
		createUpload: refuse,
		uploadPart: refuse,
		copyPart: refuse,
		completeUpload: refuse,
		abortUpload: refuse,
		putAcl: refuse,
		createBucket: refuse,
		deleteBucket: refuse,
	}
}

/** Of each key the version that it showed at `time`, if it showed any. */
async function* shown(
	pages: AsyncIterable<readonly Version[]>,
	time: number,
	onUnversioned: Moment['onUnversioned'],
): AsyncIterable<readonly Listed[]> {
	let decided: string | undefined
	let isVersioned = false
	let isLater = false
	for await (const page of pages) {
		const found: Listed[] = []
		for (const version of page) {
			isVersioned ||= version.version !== 'null'
			isLater ||= version.modified > time
			if (version.key === decided || version.modified > time) continue
			decided = version.key
			if (!version.deleted) found.push(version.latest ? version : {...version, superseded: true})
		}
		yield found
	}
	if (isLater && !isVersioned) onUnversioned?.()
}
