// s3r make-sig: print the sums of a file's blocks.

import {statSync} from 'node:fs'
import {signatureOf} from '../src/algo/signature.ts'
import {blockLengthFor} from '../src/algo/rolling.ts'
import {EXIT, usage} from '../src/base/errors.ts'
import {forFs, type Path} from '../src/base/path.ts'
import {shown} from '../src/base/quote.ts'
import {command, type Context} from '../src/cli/command.ts'
import {inputChunks} from '../src/cli/named.ts'
import {BLOCK_LIMIT} from '../src/format/signature.ts'
import {absolute} from '../src/repo/find.ts'

/** Where the size is not known beforehand. */
const STREAM_BLOCK = 4096

export default command({
	name: 'make-sig',
	summary: "print the signature of a file: its blocks' sums",
	synopsis: ['[-b <bytes>] [<file>]'],
	flags: {
		'block-size': {type: 'string', short: 'b', arg: 'bytes', help: 'the length of the blocks'},
	},
	arity: [0, 1],

	async run(context, flags, [file]) {
		const asked = flags['block-size'] === undefined ? undefined : parseBlockSize(flags['block-size'])
		const blockLength = asked ?? usualBlock(context, file)
		for await (const piece of signatureOf(inputChunks(context, file), blockLength))
			await context.io.write(piece)
		return EXIT.ok
	},
})

function parseBlockSize(text: string): number {
	const size = Number(text)
	if (/^\d{1,6}$/.test(text) && size >= 1 && size <= BLOCK_LIMIT) return size
	throw usage(`bad value ${shown(text)} of '--block-size'`, `a number of bytes from 1 to ${BLOCK_LIMIT}`)
}

/** That of rsync for a file of this size. A file that cannot be looked at is told of when it is read. */
function usualBlock({cwd}: Context, file: Path = '-'): number {
	const stat = file === '-' ? undefined : statSync(forFs(absolute(cwd, file)), {throwIfNoEntry: false})
	return stat?.isFile() === true ? blockLengthFor(stat.size) : STREAM_BLOCK
}
