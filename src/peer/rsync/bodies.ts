// The content of the files that are sent, as the store has it: read at its turn, or fetched before that.

import type {Path} from '../../base/path.ts'
import {keyOf} from '../../format/key.ts'
import type {Store} from '../../store/store.ts'
import {arrivalOf} from '../../sync/arrival.ts'
import {type Content, contentOf, rereading} from '../../sync/content.ts'

type Body = {readonly bytes: Buffer; readonly md5: string}

/** The content, where it was fetched ahead. */
export type Ahead = Promise<Body | {readonly error: unknown}> | undefined

export class Bodies {
	readonly #place: {readonly store: Store; readonly prefix: string; readonly umask: number}

	/** `prefix` is the remote's. */
	constructor(place: {readonly store: Store; readonly prefix: string; readonly umask: number}) {
		this.#place = place
	}

	/** The bytes of a file; what they were is returned. Throws behind the last one where they are not the right ones. */
	async *read(path: Path, etag: string | undefined): AsyncGenerator<Buffer, Content> {
		const {store, prefix, umask} = this.#place
		const key = keyOf(path)
		const {head, body} = await store.get(prefix + key, {ifMatch: etag})
		return yield* contentOf(arrivalOf(path, key, head, {}, umask), body, () => {})
	}

	/** The whole content of a small file. */
	fetch(path: Path, etag: string): Promise<Body> {
		return rereading(async () => {
			const pieces: Buffer[] = []
			const content = this.read(path, etag)
			for (let next = await content.next(); ; next = await content.next()) {
				if (next.done) return {bytes: Buffer.concat(pieces), md5: next.value.md5}
				pieces.push(next.value)
			}
		})
	}

	/** The content, of which the first bytes are there: so what cannot be opened is known before anything is said. */
	async open(path: Path, etag: string, ahead: Ahead): Promise<AsyncGenerator<Buffer, Content>> {
		if (ahead) {
			const body = await ahead
			if ('error' in body) throw body.error
			return only(body)
		}
		return primed(this.read(path, etag))
	}
}

/** A generator that has come to its first piece, so that its opening has succeeded. */
async function primed<T, R>(source: AsyncGenerator<T, R>): Promise<AsyncGenerator<T, R>> {
	const first = await source.next()
	return (async function* () {
		if (first.done) return first.value
		yield first.value
		return yield* source
	})()
}

async function* only({bytes, md5}: Body): AsyncGenerator<Buffer, Content> {
	if (bytes.length > 0) yield bytes
	return {size: bytes.length, md5}
}
