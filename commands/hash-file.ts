// s3r hash-file: print the MD5 of files.

import {usage} from '../src/base/errors.ts'
import type {Path} from '../src/base/path.ts'
import {quote} from '../src/base/quote.ts'
import {command, type Context} from '../src/cli/command.ts'
import {askedLines} from '../src/cli/input.ts'
import {itemErrors} from '../src/cli/item-errors.ts'
import {fileChunks, md5OfChunks} from '../src/local/hash.ts'
import {absolute} from '../src/repo/find.ts'

const STDIN = '-'

export default command({
	name: 'hash-file',
	summary: 'print the MD5 of files',
	synopsis: ['[-z] <file>...', '[-z] --stdin-paths'],
	flags: {
		null: {type: 'boolean', short: 'z', help: 'end lines with NUL and do not quote paths'},
		'stdin-paths': {type: 'boolean', help: 'read the paths from stdin'},
	},

	async run(context, flags, args) {
		const {null: nul = false, 'stdin-paths': fromStdin} = flags
		if (fromStdin && args.length > 0) throw usage("'--stdin-paths' and a file exclude each other")
		if (!fromStdin && args.length === 0) throw usage("a file or '--stdin-paths' is missing")
		const errors = itemErrors(context)
		for await (const file of fromStdin ? pathsOnStdin(context, nul) : args) {
			context.signal.throwIfAborted()
			const isStdin = file === STDIN && !fromStdin
			const chunks = isStdin ? context.io.stdinChunks() : fileChunks(absolute(context.cwd, file))
			const md5 = await md5OfChunks(chunks).catch((error: unknown) => errors.failed(file, error))
			if (md5 !== undefined) await context.io.record(`md5:${md5}\t${nul ? file : quote(file)}`, nul)
		}
		return errors.status
	},
})

/** The paths on stdin, or those of the records on stdin. */
async function* pathsOnStdin({io}: Context, nul: boolean): AsyncIterable<Path> {
	for await (const {path} of askedLines(io, nul)) yield path
}
