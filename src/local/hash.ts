// MD5 of whole files, whatever they are.

import {createHash} from 'node:crypto'
import {createReadStream} from 'node:fs'
import {forFs, type Path} from '../base/path.ts'

const PIECE = 2 ** 20

/** The bytes of a file (absolute), also of a FIFO or through a symlink. */
export const fileChunks = (file: Path): AsyncIterable<Buffer> =>
	createReadStream(forFs(file), {highWaterMark: PIECE})

/** The MD5 of these bytes, in hex. */
export async function md5OfChunks(chunks: AsyncIterable<Buffer>): Promise<string> {
	const hash = createHash('md5')
	for await (const chunk of chunks) hash.update(chunk)
	return hash.digest('hex')
}
