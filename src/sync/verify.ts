// The proof that both sides hold what the index says: the files are hashed, the remote is listed, and
// where that is asked for every object is read again.

import {setImmediate as turn} from 'node:timers/promises'
import {reason} from '../base/errors.ts'
import type {Path} from '../base/path.ts'
import {pool} from '../base/pool.ts'
import {type Entry, remoteIsBase, typeOf} from '../format/entry.ts'
import type {IndexFile} from '../format/index-file.ts'
import {keyOf} from '../format/key.ts'
import type {Stat} from '../local/stat.ts'
import type {Store} from '../store/store.ts'
import {arrivalOf} from './arrival.ts'
import {contentOf, Damaged, rereading} from './content.ts'
import {type Heard, listPaths} from './fetch.ts'
import {isFinal} from './final.ts'
import type {Contents} from './scan.ts'
import {contentMd5} from './unchanged.ts'

/** What is not as it should be of a path. */
export type What =
	/** The file is gone. */
	| 'local-missing'
	/** The file holds something else than both sides held, and its times say so. */
	| 'local-changed'
	/** The file holds something else, and nothing but its content says so. */
	| 'local-damaged'
	/** The object is gone. */
	| 'remote-missing'
	/** The object is another one. */
	| 'remote-changed'
	/** The index does not know of the object. */
	| 'remote-new'
	/** The object's bytes are not those that were stored. */
	| 'remote-damaged'

/** A mismatch, with its evidence: digests as in records, sizes, or what was said. */
export type Mismatch = {
	readonly what: What
	readonly path: Path
	readonly expected?: string | undefined
	readonly found?: string | undefined
}

export type VerifyOptions = {
	readonly store: Store
	readonly index: IndexFile
	readonly files: Contents & {stat(path: Path): Stat | undefined}
	readonly prefix: string
	/** Which paths are looked at; all without. */
	readonly within?: ((path: Path) => boolean) | undefined
	/** Reads every object again. */
	readonly read?: boolean | undefined
	readonly onMismatch: (mismatch: Mismatch) => void
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
	return {objects, files}
}

class Verifier {
	readonly #options: VerifyOptions
	/** Rows whose object is there and is the one that the index knows. */
	readonly #good: Uint8Array

	constructor(options: VerifyOptions) {
		this.#options = options
		this.#good = new Uint8Array(options.index.count)
	}

	/** The listing against the index. */
	async remote(): Promise<number> {
		const {store, prefix, within, index, onError, onMismatch} = this.#options
		const seen = new Uint8Array(index.count)
		let count = 0
		for await (const page of listPaths(store, prefix, onError))
			for (const heard of page) {
				if (within && !within(heard.path)) continue
				count++
				const row = index.find(heard.path)
				if (row >= 0) seen[row] = 1
				this.#object(heard, row)
			}
		for (const {entry, row} of this.#entries())
			if (entry.remote && !seen[row])
				onMismatch({what: 'remote-missing', path: entry.path, expected: `etag:${entry.remote.etag}`})
		return count
	}

	#object({path, etag, size}: Heard, row: number): void {
		const {index, onMismatch} = this.#options
		const entry = row < 0 ? undefined : index.entry(row)
		const known = entry?.remote
		const found = `etag:${etag}`
		if (!entry || !known) onMismatch({what: 'remote-new', path, found})
		else if (known.etag !== etag)
			onMismatch({what: 'remote-changed', path, expected: `etag:${known.etag}`, found})
		else if (known.size !== size)
			onMismatch({what: 'remote-changed', path, expected: `${known.size} bytes`, found: `${size} bytes`})
		else if (entry.base && !remoteIsBase(entry))
			onMismatch({what: 'remote-changed', path, expected: md5(entry.base.md5), found})
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
		return count
	}

	#file({path, local, base, remote}: Entry, row: number): void {
		const {files, index, onMismatch} = this.#options
		const stat = files.stat(path)
		if (!stat || !local) return onMismatch({what: 'local-missing', path, expected: md5(base?.md5)})
		const expected = base ? base.md5 : remote?.etag
		const isOfType = typeOf(stat.mode) === (base?.type ?? typeOf(local.mode))
		const found = isOfType ? contentMd5(path, stat, files) : undefined
		if (isOfType && (found === expected || found === undefined)) return
		const isUnsuspected = local.md5 === expected && index.matches(row, stat)
		onMismatch({
			what: isUnsuspected ? 'local-damaged' : 'local-changed',
			path,
			expected: md5(expected),
			found: md5(found),
		})
	}

	/** The objects' bytes against what both sides held. */
	async contents(): Promise<void> {
		const {signal, onError, onMismatch} = this.#options
		await pool(this.#goodEntries(), {width: WIDTH, signal}, async (entry) => {
			try {
				await rereading(() => this.#content(entry))
			} catch (error) {
				if (isFinal(error)) throw error
				if (!(error instanceof Damaged)) onError(entry.path, error)
				else
					onMismatch({
						what: 'remote-damaged',
						path: entry.path,
						expected: md5(entry.base?.md5),
						found: reason(error),
					})
			}
		})
	}

	async #content({path, base}: Entry): Promise<void> {
		const {store, prefix, onMismatch} = this.#options
		const key = prefix + keyOf(path)
		const {head, body} = await store.get(key)
		const pieces = contentOf(arrivalOf(path, key, head, {}, 0), body, () => {})
		let next = await pieces.next()
		while (!next.done) next = await pieces.next()
		const found = next.value.md5
		if (base?.md5 !== undefined && base.md5 !== found)
			onMismatch({what: 'remote-damaged', path, expected: md5(base.md5), found: md5(found)})
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

const md5 = (digest: string | undefined): string | undefined =>
	digest === undefined ? undefined : `md5:${digest}`
