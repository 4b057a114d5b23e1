// Files and standard input of commands that turn one stream into another.

import {S3rError, fatal, reason} from '../base/errors.ts'
import type {Path} from '../base/path.ts'
import {shown} from '../base/quote.ts'
import {fileChunks} from '../local/hash.ts'
import {absolute} from '../repo/find.ts'
import type {Context} from './command.ts'

const STDIN = '-'

/** The bytes of a file, or of standard input for '-' and for none. Throws status 128 if it cannot be read. */
export async function* inputChunks({cwd, io}: Context, file: Path = STDIN): AsyncGenerator<Buffer> {
	try {
		yield* file === STDIN ? io.stdinChunks() : fileChunks(absolute(cwd, file))
	} catch (error) {
		throw error instanceof S3rError ? error : unreadable(file, error)
	}
}

/** All bytes of a file that is small. */
export async function inputBytes(context: Context, file: Path): Promise<Buffer> {
	const chunks: Buffer[] = []
	for await (const chunk of inputChunks(context, file)) chunks.push(chunk)
	return Buffer.concat(chunks)
}

export const unreadable = (file: Path, error: unknown): S3rError =>
	fatal(`cannot read ${shown(file)}: ${reason(error)}`, undefined, error)
