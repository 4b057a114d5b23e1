// What killed runs leave behind, and nobody will come back for.

import {existsSync, readdirSync, statSync, unlinkSync} from 'node:fs'
import {forFs, nameOf, type Path} from '../base/path.ts'
import {pool} from '../base/pool.ts'
import {decodeMetadata} from '../format/foreign.ts'
import {PROBE} from '../format/key.ts'
import {xattrsKey} from '../format/xattrs.ts'
import {lookAt} from '../local/look.ts'
import {isAbandoned} from '../local/temporary.ts'
import {walk} from '../local/walk.ts'
import {indexDirOf, join, type Place} from '../repo/find.ts'
import {forgetUpload, identityOf, listUploadRecords, type UploadRecord} from '../repo/uploads.ts'
import type {Listed, Store} from '../store/store.ts'
import {PARTIAL} from './unfinished.ts'

/** What was removed: a temporary file by its path, an upload or a side object by its key. */
export type Garbage = {readonly kind: 'upload' | 'temporary' | 'side'; readonly name: string}

export type GcOptions = {
	readonly place: Place
	/** Nothing is written to one that pretends; what is local is left alone then by `pretend`. */
	readonly store: Store
	/** The remote's prefix: '' or one that ends in '/'. */
	readonly prefix: string
	/** Milliseconds since the epoch: what nobody remembers is garbage if it is older. */
	readonly before: number
	readonly pretend?: boolean | undefined
	/** Looks for side objects too, by a HEAD of every object. */
	readonly side?: boolean | undefined
	readonly signal?: AbortSignal | undefined
	readonly onError: (path: Path, error: unknown) => void
}

const JOBS = 32

/** Removes the garbage, and yields each piece when it is gone. */
export async function* collectGarbage(options: GcOptions): AsyncGenerator<Garbage> {
	yield* rememberedUploads(options)
	yield* otherUploads(options)
	yield* temporaryFiles(options)
	yield* unfinishedFiles(options)
	yield* partialDownloads(options)
	yield* probes(options)
	if (options.side) yield* sideObjects(options)
}

/** Uploads of ours whose file is gone or changed: no later run can go on with them. */
async function* rememberedUploads({place, store, pretend}: GcOptions): AsyncGenerator<Garbage> {
	for (const record of listUploadRecords(place)) {
		if (isCurrent(place, record)) continue
		if (record.id !== '') await store.abortUpload(record.key, record.id)
		if (!pretend) forgetUpload(place, record.path)
		yield {kind: 'upload', name: record.key}
	}
}

function isCurrent({root}: Place, {path, file}: UploadRecord): boolean {
	const [found] = lookAt(Buffer.from(root, 'latin1'), [path], {onError() {}})
	return found !== undefined && identityOf(found.stat) === file
}

/** Uploads that another clone began, or that were forgotten. */
async function* otherUploads({place, store, prefix, before}: GcOptions): AsyncGenerator<Garbage> {
	const remembered = new Set(Array.from(listUploadRecords(place), ({id}) => id))
	for await (const {key, id, initiated} of store.listUploads(prefix)) {
		if (initiated >= before || remembered.has(id)) continue
		await store.abortUpload(key, id)
		yield {kind: 'upload', name: key}
	}
}

/** What came of downloads that nobody went on with: --partial. */
function* partialDownloads({place, pretend, before}: GcOptions): Generator<Garbage> {
	const dir = join(place.dir, PARTIAL)
	for (const name of existsSync(forFs(dir)) ? readdirSync(forFs(dir), 'latin1') : []) {
		const path = join(dir, name)
		if (statSync(forFs(path)).mtimeMs >= before) continue
		if (!pretend) unlinkSync(forFs(path))
		yield {kind: 'temporary', name: `.s3rsync/${PARTIAL}/${name}`}
	}
}

/** Files that killed processes of this machine were writing. */
function* temporaryFiles({place, pretend, onError}: GcOptions): Generator<Garbage> {
	for (const {path} of walk(Buffer.from(place.root, 'latin1'), {onError})) {
		if (path.endsWith('/') || !isAbandoned(nameOf(path))) continue
		if (!pretend) unlinkSync(forFs(join(place.root, path)))
		yield {kind: 'temporary', name: path}
	}
}

/** What killed runs began to write in .s3rsync. Nobody else does, for the lock is held. */
function* unfinishedFiles({place, pretend}: GcOptions): Generator<Garbage> {
	const dir = indexDirOf(place)
	const uploads = existsSync(forFs(join(dir, 'uploads')))
		? readdirSync(forFs(join(dir, 'uploads')), 'latin1').map((name) => `uploads/${name}`)
		: []
	for (const name of ['index.new', 'log.new', ...uploads]) {
		const file = join(dir, name)
		if (!name.endsWith('.new') || !existsSync(forFs(file))) continue
		if (!pretend) unlinkSync(forFs(file))
		yield {kind: 'temporary', name: `.s3rsync${dir.slice(place.dir.length)}/${name}`}
	}
}

/** Objects that were to show whether the store obeys guards. */
async function* probes(options: GcOptions): AsyncGenerator<Garbage> {
	yield* deleted(await oldBelow(options.prefix + PROBE, options), options)
}

/** The keys that begin so, of objects that are old. */
async function oldBelow(beginning: string, {store, before}: GcOptions): Promise<Set<string>> {
	const keys = new Set<string>()
	for await (const page of store.list(beginning))
		for (const {key, modified} of page) if (modified < before) keys.add(key)
	return keys
}

/** Deletes these objects, and yields each. */
async function* deleted(keys: ReadonlySet<string>, {store, onError}: GcOptions): AsyncGenerator<Garbage> {
	if (keys.size === 0) return
	const failed = await store.deleteMany([...keys])
	for (const key of keys) {
		const error = failed.get(key)
		if (error) onError(key, error)
		else yield {kind: 'side', name: key}
	}
}

/** Extended attributes that no object refers to. */
async function* sideObjects(options: GcOptions): AsyncGenerator<Garbage> {
	const {store, prefix} = options
	const unused = await oldBelow(prefix + xattrsKey(''), options)
	if (unused.size === 0) return
	await pool(objects(options), {width: JOBS, signal: options.signal}, async ({key}) => {
		const head = await store.head(key)
		const {xattrsAt} = head ? decodeMetadata(head.metadata, {key, ...head}).attributes : {}
		if (xattrsAt !== undefined) unused.delete(prefix + xattrsKey(xattrsAt))
	})
	yield* deleted(unused, options)
}

/** The objects that can refer to a side object. */
async function* objects({store, prefix}: GcOptions): AsyncIterable<Listed> {
	for await (const page of store.list(prefix))
		for (const found of page) if (!found.key.startsWith(prefix + xattrsKey(''))) yield found
}
