// s3r apply-delta: make the file that a delta is of.

import {createHash} from 'node:crypto'
import {closeSync, fstatSync, openSync, readSync} from 'node:fs'
import {EXIT, fatal, reason} from '../src/base/errors.ts'
import {forFs, type Path} from '../src/base/path.ts'
import {shown} from '../src/base/quote.ts'
import {command, type Context} from '../src/cli/command.ts'
import {inputChunks, unreadable} from '../src/cli/named.ts'
import {decodeDelta, type Known} from '../src/format/delta.ts'
import {TemporaryFile} from '../src/local/write.ts'
import {absolute} from '../src/repo/find.ts'

/** Bytes that are read of the basis at once. */
const PIECE = 1 << 18

export default command({
	name: 'apply-delta',
	summary: 'make the file that a delta is of',
	synopsis: ['[-o <file>] <basis> [<delta>]'],
	flags: {
		output: {type: 'string', short: 'o', arg: 'file', help: 'write the file there, when it is verified'},
	},
	arity: [1, 2],

	async run(context, flags, [basis = '', delta]) {
		const fd = openBasis(context, basis)
		try {
			const pieces = resultOf(context, {fd, basis, delta})
			if (flags.output === undefined) for await (const piece of pieces) await context.io.write(piece)
			else await save(context, flags.output, pieces)
		} finally {
			closeSync(fd)
		}
		return EXIT.ok
	},
})

function openBasis({cwd}: Context, basis: Path): number {
	try {
		return openSync(forFs(absolute(cwd, basis)), 'r')
	} catch (error) {
		throw unreadable(basis, error)
	}
}

/** Writes all of it, and puts it into its place when the last piece was given without an error. */
async function save({cwd, umask}: Context, file: Path, pieces: AsyncIterable<Buffer>): Promise<void> {
	const output = writing(file, () => new TemporaryFile(absolute(cwd, file)))
	let size = 0
	try {
		for await (const piece of pieces) {
			writing(file, () => output.write(piece, size))
			size += piece.length
		}
		writing(file, () => output.commit((made) => made.chmod(0o666 & ~umask)))
	} catch (error) {
		output.discard()
		throw error
	}
}

/** Does a step of writing `file`. */
function writing<T>(file: Path, step: () => T): T {
	try {
		return step()
	} catch (error) {
		throw fatal(`cannot write ${shown(file)}: ${reason(error)}`, undefined, error)
	}
}

type Sources = {readonly fd: number; readonly basis: Path; readonly delta: Path | undefined}

/** The bytes of the new file. Throws behind the last of them if they are not what the delta was made of. */
async function* resultOf(context: Context, {fd, basis, delta}: Sources): AsyncGenerator<Buffer> {
	const whole = createHash('md5')
	let size = 0
	for await (const piece of piecesOf(context, {fd, basis, delta})) {
		if (!Buffer.isBuffer(piece)) {
			if (size !== piece.size || !whole.digest().equals(piece.md5))
				throw fatal(`${shown(basis)} is not the file that the delta was made for`)
			return
		}
		whole.update(piece)
		size += piece.length
		yield piece
	}
}

/** The same, and what they should have been at last. */
async function* piecesOf(context: Context, {fd, basis, delta}: Sources): AsyncGenerator<Buffer | Known> {
	for await (const part of decodeDelta(inputChunks(context, delta))) {
		if ('literal' in part) yield part.literal
		else if ('offset' in part) yield* copied(fd, basis, part)
		else if ('result' in part) yield part.result
		else checkSize(fd, basis, part.basis.size)
	}
}

function checkSize(fd: number, basis: Path, expected: number): void {
	const {size} = fstatSync(fd)
	if (size !== expected)
		throw fatal(
			`cannot read ${shown(basis)} as the basis: it has ${size} bytes, and the delta was made for one of ${expected}`,
		)
}

function* copied(
	fd: number,
	basis: Path,
	{offset, length}: {offset: number; length: number},
): Generator<Buffer> {
	for (let done = 0; done < length;) {
		const piece = Buffer.allocUnsafe(Math.min(PIECE, length - done))
		const read = readPiece(fd, basis, piece, offset + done)
		if (read === 0) throw fatal(`cannot read ${shown(basis)}: it became shorter`)
		yield piece.subarray(0, read)
		done += read
	}
}

function readPiece(fd: number, basis: Path, piece: Buffer, position: number): number {
	try {
		return readSync(fd, piece, 0, piece.length, position)
	} catch (error) {
		throw unreadable(basis, error)
	}
}
