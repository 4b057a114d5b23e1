// The pieces that a large file is sent in, as it is or as gzip.

import {createHash} from 'node:crypto'
import {pipeline, Readable} from 'node:stream'
import {createGzip} from 'node:zlib'
import type {Body} from '../store/store.ts'
import type {OpenFile} from './files.ts'

/** Pieces larger than this are streamed, not held in memory. */
const HELD = 16 * 2 ** 20
export const CHUNK = 2 ** 20

export type Piece = {readonly number: number; readonly body: Body; readonly md5: Buffer}

/** The pieces of `size` bytes of a file; one that is empty by now has an empty one, for an upload needs a part. */
export function* plainPieces(file: OpenFile, size: number): Iterable<Piece> {
	for (let number = 1; number === 1 || (number - 1) * size < file.stat.size; number++)
		yield pieceOf(file, size, number)
}

/** One of these pieces; numbers begin with 1. */
export function pieceOf(file: OpenFile, size: number, number: number): Piece {
	const at = (number - 1) * size
	const length = Math.min(size, file.stat.size - at)
	const body = length <= HELD ? file.read(at, length) : streamed(file, at, length)
	return {number, body, md5: md5Of(file, at, length, body)}
}

const streamed = (file: OpenFile, at: number, length: number): Body => ({
	length,
	async *chunks() {
		yield* chunksOf(file, at, length)
	},
})

function* chunksOf(file: OpenFile, at: number, length: number): Iterable<Buffer> {
	for (let done = 0; done < length; done += CHUNK) yield file.read(at + done, Math.min(CHUNK, length - done))
}

function md5Of(file: OpenFile, at: number, length: number, body: Body): Buffer {
	const hash = createHash('md5')
	if (Buffer.isBuffer(body)) hash.update(body)
	else for (const chunk of chunksOf(file, at, length)) hash.update(chunk)
	return hash.digest()
}

/** The pieces of gzip of a file, of `size` bytes or a little more. */
export async function* packedPieces(file: OpenFile, size: number): AsyncIterable<Piece> {
	const gzip = createGzip()
	// what goes wrong ends the reading of gzip
	pipeline(Readable.from(chunksOf(file, 0, file.stat.size)), gzip, () => {})
	let held: Buffer[] = []
	let length = 0
	let number = 1
	const take = (): Piece => {
		const body = Buffer.concat(held)
		held = []
		length = 0
		return {number: number++, body, md5: createHash('md5').update(body).digest()}
	}
	for await (const chunk of gzip as AsyncIterable<Buffer>) {
		held.push(chunk)
		length += chunk.length
		if (length >= size) yield take()
	}
	yield take()
}
