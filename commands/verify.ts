// s3r verify: prove that both sides hold what the index says.

import {EXIT} from '../src/base/errors.ts'
import {fromUnicode, type Path} from '../src/base/path.ts'
import {quote} from '../src/base/quote.ts'
import {command} from '../src/cli/command.ts'
import {chosenFlags, recordFlags, remoteFlags} from '../src/cli/flags.ts'
import {itemErrors} from '../src/cli/item-errors.ts'
import {filesOf} from '../src/cli/pushing.ts'
import {scopeOf} from '../src/cli/scope.ts'
import {openRemote} from '../src/cli/opening.ts'
import {isWithin, placeOf, remoteOf} from '../src/cli/work.ts'
import {surrogateEscaped} from '../src/format/json.ts'
import {readIndex} from '../src/repo/read-index.ts'
import type {Mismatch, Proof} from '../src/sync/evidence.ts'
import {verify} from '../src/sync/verify.ts'

export default command({
	name: 'verify',
	summary: 'prove that both sides hold what the index says',
	synopsis: ['[-vz] [--read] [--json] [<option>...] [<path>...]'],
	flags: {
		read: {type: 'boolean', help: 'read every object again'},
		verbose: {type: 'boolean', short: 'v', help: 'say how much was verified'},
		null: recordFlags.null,
		json: {
			type: 'boolean',
			help: 'print JSON, one object a line, with the evidence; with -v of what is right, too',
		},
		...chosenFlags,
		...remoteFlags,
	},

	async run(context, flags, args) {
		const {io, signal} = context
		const place = placeOf(context, flags)
		const remote = remoteOf(context, flags)
		const paths = scopeOf(context, place, args)
		const errors = itemErrors(context)
		const nul = flags.null ?? false
		let mismatches = 0
		let printing: Promise<void> = Promise.resolve()
		const {store} = await openRemote(context, remote)
		try {
			const {objects, files} = await verify({
				store,
				index: readIndex(place),
				files: filesOf(place, {}),
				prefix: remote.prefix,
				within: paths && isWithin(paths),
				read: flags.read,
				onMismatch(mismatch) {
					mismatches++
					const line = flags.json ? jsonOf(mismatch) : textOf(mismatch, nul)
					printing = printing.then(() => io.record(line, nul))
				},
				onSame(proof) {
					if (!flags.json || !flags.verbose) return
					const line = proofOf(proof)
					printing = printing.then(() => io.record(line, nul))
				},
				onError: errors.failed,
				signal,
			})
			await printing
			if (flags.verbose) io.say(`verified ${objects} objects and ${files} files, ${mismatches} mismatches`)
			return mismatches > 0 ? EXIT.no : errors.status
		} finally {
			store.close()
		}
	},
})

const textOf = ({what, path}: Mismatch, nul: boolean): Path => `${what}\t${nul ? path : quote(path)}`

const proofOf = ({path, local, remote, read}: Proof): Path =>
	fromUnicode(JSON.stringify({what: 'same', path: surrogateEscaped(path), local, remote, read}))

const jsonOf = ({what, path, expected, found}: Mismatch): Path =>
	fromUnicode(JSON.stringify({what, path: surrogateEscaped(path), expected, found}))
