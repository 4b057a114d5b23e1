// s3r make-delta: print how to make a file of the one that a signature is of.

import {deltaOf} from '../src/algo/signature.ts'
import {EXIT, usage} from '../src/base/errors.ts'
import {command} from '../src/cli/command.ts'
import {inputBytes, inputChunks} from '../src/cli/named.ts'
import {decodeSignature} from '../src/format/signature.ts'

export default command({
	name: 'make-delta',
	summary: 'print how to make a file of one with a signature',
	synopsis: ['<signature> [<file>]'],
	flags: {},
	arity: [1, 2],

	async run(context, _flags, [name = '', file]) {
		if (name === '-' && (file === undefined || file === '-'))
			throw usage('the signature and the file cannot both be stdin')
		const signature = decodeSignature(await inputBytes(context, name))
		for await (const piece of deltaOf(signature, inputChunks(context, file))) await context.io.write(piece)
		return EXIT.ok
	},
})
