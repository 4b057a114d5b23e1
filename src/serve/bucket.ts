// A bucket: its versions and uploads in memory, its log and its files on the disk.
//
// What changes a bucket is a list of changes. They are written as one line of the log and applied in
// the same turn of the event loop as the conditions that were checked before: that is what makes
// conditional writes atomic.

import {randomBytes} from 'node:crypto'
import {mkdirSync} from 'node:fs'
import {join} from 'node:path'
import {fatal} from '../base/errors.ts'
import {Blobs} from './blobs.ts'
import {S3Error} from './errors.ts'
import {SortedKeys} from './keys.ts'
import {Log, renameDurably, writeLog} from './log.ts'
import type {BucketInfo, Change, Part, Piece, Upload, Version} from './model.ts'

export type OpenUpload = {readonly upload: Upload; readonly parts: Map<number, Part>}

/** A log is rewritten when it has this many changes that no longer count, and more than those that do. */
const SLACK = 1000

export class Bucket {
	readonly name: string
	readonly blobs: Blobs
	/** Every key that has a version, if only a delete marker. */
	readonly keys = new SortedKeys()
	readonly uploads = new Map<string, OpenUpload>()
	/** The versions of each key, the newest first. */
	readonly #versions = new Map<string, readonly Version[]>()
	#info: BucketInfo | undefined
	#log: Log
	#changes = 0
	#closed = false

	/** Makes a bucket's directory; it is there as a whole, or not at all. */
	static create(root: string, name: string, info: BucketInfo, durable: boolean): Bucket {
		const temporary = join(root, `.new-${randomBytes(8).toString('hex')}`)
		mkdirSync(temporary)
		writeLog(join(temporary, 'log'), [[{bucket: info} satisfies Change]], durable)
		renameDurably(temporary, join(root, name), durable)
		return new Bucket(root, name, durable)
	}

	/** Opens the bucket in `root/name`, after what a crash may have left is removed. */
	constructor(root: string, name: string, durable: boolean) {
		this.name = name
		const path = join(root, name, 'log')
		const apply = (record: unknown) => void this.#apply(record as Change[])
		this.#log = new Log(path, durable, apply)
		if (this.#info === undefined) throw fatal(`'${path}' does not begin with a bucket`)
		this.blobs = new Blobs(join(root, name), durable)
		this.blobs.sweep(this.#files())
		const live = [...this.#snapshot()]
		if (this.#changes <= 2 * live.length + SLACK) return
		void this.#log.close()
		writeLog(
			path,
			live.map((change) => [change]),
			durable,
		)
		this.#log = new Log(path, durable, () => {})
	}

	get info(): BucketInfo {
		return this.#info as BucketInfo
	}

	get isEmpty(): boolean {
		return this.#versions.size === 0
	}

	versions(key: string): readonly Version[] {
		return this.#versions.get(key) ?? []
	}

	/** The newest version, unless it is a delete marker. */
	current(key: string): Version | undefined {
		const newest = this.#versions.get(key)?.[0]
		return newest?.marker === true ? undefined : newest
	}

	/** The id that a version gets now: 'null' unless versioning is enabled. */
	newVersionId(): string {
		return this.info.versioning === 'Enabled' ? randomBytes(16).toString('hex') : 'null'
	}

	/** Applies changes at once, all or none; resolves when they are on the disk. */
	async commit(...changes: Change[]): Promise<void> {
		if (this.#closed) throw new S3Error('NoSuchBucket')
		this.#log.append(changes)
		const dropped = this.#apply(changes)
		await this.#log.sync()
		this.blobs.discard(dropped)
	}

	close(): Promise<void> {
		this.#closed = true
		return this.#log.close()
	}

	/** Applies a transaction and returns the files that nothing refers to after it. */
	#apply(changes: readonly Change[]): Piece[] {
		this.#changes += changes.length
		const dropped: Piece[] = []
		const kept = new Set<string>()
		for (const change of changes) {
			dropped.push(...this.#applyOne(change))
			if ('put' in change) for (const {file} of change.put.pieces) kept.add(file)
		}
		return dropped.filter(({file}) => !kept.has(file))
	}

	#applyOne(change: Change): readonly Piece[] {
		if ('put' in change) return this.#put(change.put)
		if ('remove' in change) return this.#remove(...change.remove)
		if ('amend' in change) this.#amend(change.amend)
		else if ('bucket' in change) this.#info = change.bucket
		else if ('upload' in change) this.uploads.set(change.upload.id, {upload: change.upload, parts: new Map()})
		else if ('part' in change) return this.#part(...change.part)
		else return this.#end(change.end)
		return []
	}

	#put(version: Version): readonly Piece[] {
		const {key} = version
		const before = this.versions(key)
		const others = before.filter(({id}) => id !== version.id)
		this.#versions.set(key, [version, ...others])
		if (before.length === 0) this.keys.add(key)
		return before.filter(({id}) => id === version.id).flatMap(({pieces}) => pieces)
	}

	#amend(version: Version): void {
		const versions = this.versions(version.key).map((old) => (old.id === version.id ? version : old))
		this.#versions.set(version.key, versions)
	}

	#remove(key: string, id: string): readonly Piece[] {
		const before = this.versions(key)
		const left = before.filter((version) => version.id !== id)
		if (left.length > 0) this.#versions.set(key, left)
		else if (this.#versions.delete(key)) this.keys.delete(key)
		return before.filter((version) => version.id === id).flatMap(({pieces}) => pieces)
	}

	#part(id: string, part: Part): readonly Piece[] {
		const parts = this.uploads.get(id)?.parts
		const old = parts?.get(part.number)
		parts?.set(part.number, part)
		return old === undefined ? [] : [old]
	}

	#end(id: string): readonly Piece[] {
		const parts = this.uploads.get(id)?.parts
		this.uploads.delete(id)
		return parts === undefined ? [] : [...parts.values()]
	}

	/** The changes that make the bucket what it is. */
	*#snapshot(): Generator<Change> {
		yield {bucket: this.info}
		for (const versions of this.#versions.values()) for (const put of versions.toReversed()) yield {put}
		for (const {upload, parts} of this.uploads.values()) {
			yield {upload}
			for (const part of parts.values()) yield {part: [upload.id, part]}
		}
	}

	#files(): Set<string> {
		const files = new Set<string>()
		for (const change of this.#snapshot()) {
			const pieces = 'put' in change ? change.put.pieces : 'part' in change ? [change.part[1]] : []
			for (const {file} of pieces) files.add(file)
		}
		return files
	}
}
