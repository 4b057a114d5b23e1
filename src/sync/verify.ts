// The proof that both sides hold what the index says: the files are hashed, the remote is listed, and
// where that is asked for every object is read again.

import {setImmediate as turn} from 'node:timers/promises'
import {reason} from '../base/errors.ts'
import {isDirectory, type Path} from '../base/path.ts'
import {pool} from '../base/pool.ts'
import {type Entry, localIsBase, objectPath, remoteIsBase, typeOf} from '../format/entry.ts'
import type {IndexRows} from '../format/index-file.ts'
import {keyOf} from '../format/key.ts'
import type {Stat} from '../local/stat.ts'
import {Statx} from '../local/statx.ts'
import type {Store} from '../store/store.ts'
import {leave} from '../store/whole.ts'
import {type Arrival, arrivalOf, toldOf} from './arrival.ts'
import {contentOf, Damaged, rereading} from './content.ts'
import {difference, md5Text, type Mismatch, objectDifference, type Proof} from './evidence.ts'
import {aliasRow, type Heard, listPaths} from './fetch.ts'
import {isFinal} from './final.ts'
import type {Contents} from './scan.ts'
import {contentMd5} from './unchanged.ts'

export type VerifyOptions = {
	readonly store: Store
	readonly index: IndexRows
	readonly files: Contents & {stat(path: Path): Stat | undefined}
	readonly prefix: string
	/** Which paths are looked at; all without. */
	readonly within?: ((path: Path) => boolean) | undefined
	/** Reads every object again. */
	readonly read?: boolean | undefined
	readonly onMismatch: (mismatch: Mismatch) => void
	/** Told of each path that is as it should be, with what proves it. */
	readonly onSame?: ((proof: Proof) => void) | undefined
	/** Told of what could not be verified. */
	readonly onError: (path: Path, error: unknown) => void
	readonly signal?: AbortSignal | undefined
}

export type Verified = {readonly objects: number; readonly files: number}

/** Objects that are read at once. */
const WIDTH = 16
/** How many files are hashed before signals get a chance. */
const TURN = 64

/** Verifies every path that the index knows of, and every object; resolves to how many those were. */
export async function verify(options: VerifyOptions): Promise<Verified> {
	const verifier = new Verifier(options)
	const objects = await verifier.remote()
	const files = await verifier.local()
	if (options.read) await verifier.contents()
	verifier.prove()
	return {objects, files}
}

class Verifier {
	readonly #options: VerifyOptions
	/** Rows whose object is there and is the one that the index knows. */
	readonly #good: Uint8Array
	/** Rows whose object has another ETag: it, until the file has been read. */
	readonly #others = new Map<number, string>()
	/** Paths that something was said of. */
	readonly #told = new Set<Path>()
	/** Rows whose file is as it should be. */
	readonly #proven: Uint8Array

	constructor(options: VerifyOptions) {
		this.#options = options
		this.#good = new Uint8Array(options.index.count)
		this.#proven = new Uint8Array(options.index.count)
	}

	#tell(mismatch: Mismatch): void {
		this.#told.add(mismatch.path)
		this.#options.onMismatch(mismatch)
	}

	/** Tells of every path that nothing was said of, and both of whose sides are what the index says. */
	prove(): void {
		const {onSame, read = false} = this.#options
		if (!onSame) return
		for (const {entry, row} of this.#entries())
			if (entry.remote && this.#good[row] && this.#proven[row] && !this.#told.has(entry.path))
				onSame({
					path: entry.path,
					local: md5Text(entry.base?.md5),
					remote: `etag:${entry.remote.etag}`,
					read,
				})
	}

	/** The listing against the index. */
	async remote(): Promise<number> {
		const {store, prefix, within, index, onError} = this.#options
		const seen = new Uint8Array(index.count)
		let count = 0
		for await (const page of listPaths(store, prefix, onError))
			for (const heard of page) {
				if (within && !within(heard.path)) continue
				count++
				const row = this.#rowOf(heard)
				if (row >= 0) seen[row] = 1
				this.#object(heard, row)
			}
		for (const {entry, row} of this.#entries())
			if (entry.remote && !seen[row])
				this.#tell({what: 'remote-missing', path: entry.path, expected: `etag:${entry.remote.etag}`})
		return count
	}

	/** The row of the entry whose object this is. */
	#rowOf(heard: Heard): number {
		const {index} = this.#options
		const row = aliasRow(index, heard)
		return row >= 0 ? row : index.find(heard.path)
	}

	#object({path, etag, size}: Heard, row: number): void {
		const {index} = this.#options
		const entry = row < 0 ? undefined : index.entry(row)
		const known = entry?.remote
		const found = `etag:${etag}`
		if (!entry || !known) this.#tell({what: 'remote-new', path, found})
		else if (known.etag !== etag) this.#others.set(row, etag)
		else if (known.size !== size)
			this.#tell({what: 'remote-changed', path, expected: `${known.size} bytes`, found: `${size} bytes`})
		else if (entry.base && !remoteIsBase(entry))
			this.#tell({what: 'remote-changed', path, expected: md5Text(entry.base.md5), found})
		else this.#good[row] = 1
	}

	/** The files against what both sides held. */
	async local(): Promise<number> {
		const {onError, signal} = this.#options
		let count = 0
		for (const {entry, row} of this.#entries()) {
			if (!entry.local || !entry.remote) continue
			if (++count % TURN === 0) {
				await turn()
				signal?.throwIfAborted()
			}
			try {
				this.#file(entry, row)
			} catch (error) {
				onError(entry.path, error)
			}
		}
		for (const [row, etag] of this.#others) {
			const {path, remote} = this.#options.index.entry(row)
			this.#tell({what: 'remote-changed', path, expected: `etag:${remote?.etag}`, found: `etag:${etag}`})
		}
		return count
	}

	#file(entry: Entry, row: number): void {
		const {path, local, base, remote} = entry
		const {files, index} = this.#options
		const stat = files.stat(path)
		if (!stat || !local) return this.#tell({what: 'local-missing', path, expected: md5Text(base?.md5)})
		const expected = base ? base.md5 : remote?.etag
		const isOfType = typeOf(stat.mode) === (base?.type ?? typeOf(local.mode))
		const found = isOfType ? contentMd5(path, stat, files) : undefined
		if (isOfType && (found === expected || found === undefined)) return this.#attributes(entry, stat, row)
		if (found !== undefined && found === this.#others.get(row) && index.matches(row, Statx.of(stat).words)) {
			this.#others.delete(row)
			return this.#tell({what: 'index-damaged', path, expected: md5Text(found), found: md5Text(expected)})
		}
		const isUnsuspected = local.md5 === expected && index.matches(row, Statx.of(stat).words)
		this.#tell({
			what: isUnsuspected ? 'local-damaged' : 'local-changed',
			path,
			expected: md5Text(expected),
			found: md5Text(found),
		})
	}

	/** The attributes of a file that holds what it should; a directory's time changes with what is in it. */
	#attributes(entry: Entry, {mode, mtime, uid, gid}: Stat, row: number): void {
		const expected = localIsBase(entry) ? entry.local : entry.base?.was
		const time = isDirectory(entry.path) ? {} : {mtime}
		const differs = expected && difference(expected, {mode, uid, gid, ...time})
		if (differs) this.#tell({what: 'local-attributes', path: entry.path, ...differs})
		else this.#proven[row] = 1
	}

	/** The objects' bytes against what both sides held. */
	async contents(): Promise<void> {
		const {signal, onError} = this.#options
		await pool(this.#goodEntries(), {width: WIDTH, signal}, async (entry) => {
			try {
				await rereading(() => this.#content(entry))
			} catch (error) {
				if (isFinal(error, signal)) throw error
				if (!(error instanceof Damaged)) onError(entry.path, error)
				else
					this.#tell({
						what: 'remote-damaged',
						path: entry.path,
						expected: md5Text(entry.base?.md5),
						found: reason(error),
					})
			}
		})
	}

	async #content(entry: Entry): Promise<void> {
		const {path, base} = entry
		const {store, prefix} = this.#options
		const key = prefix + keyOf(objectPath(entry))
		const {head, body} = await store.get(key, {lent: true, size: entry.remote?.size})
		const found = await this.#md5(arrivalOf(path, key, head, {}, 0), body)
		if (base?.md5 !== undefined && base.md5 !== found)
			this.#tell({what: 'remote-damaged', path, expected: md5Text(base.md5), found: md5Text(found)})
		if (!localIsBase(entry)) return
		const differs = objectDifference(entry, toldOf(path, key, head))
		if (differs) this.#tell({what: 'remote-attributes', path, ...differs})
	}

	/** The MD5 of what comes of an object. */
	async #md5(arrival: Arrival, body: AsyncIterable<Buffer>): Promise<string> {
		try {
			const pieces = contentOf(arrival, body, () => {})
			let next = await pieces.next()
			while (!next.done) next = await pieces.next()
			return next.value.md5
		} finally {
			await leave(body)
		}
	}

	*#goodEntries(): Iterable<Entry> {
		for (const {entry, row} of this.#entries()) if (this.#good[row]) yield entry
	}

	*#entries(): Iterable<{readonly entry: Entry; readonly row: number}> {
		const {index, within} = this.#options
		for (let row = 0; row < index.count; row++)
			if (!within || within(index.path(row))) yield {entry: index.entry(row), row}
	}
}
