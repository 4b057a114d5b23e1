// s3r clone: bring a whole remote into a new directory.

import {mkdirSync, readdirSync} from 'node:fs'
import {errnoOf, fatal, reason} from '../src/base/errors.ts'
import {forFs, type Path} from '../src/base/path.ts'
import {shown} from '../src/base/quote.ts'
import {command} from '../src/cli/command.ts'
import {checkBucket} from '../src/cli/opening.ts'
import {openSource, pullFlags, restoreOf, runPull} from '../src/cli/pulling.ts'
import {lookup, newRemote, unicode} from '../src/cli/work.ts'
import {absolute} from '../src/repo/find.ts'
import {initialize} from '../src/repo/init.ts'
import {namedRemote} from '../src/repo/remotes.ts'

const {remote: _, ...flagsOfClone} = pullFlags

export default command({
	name: 'clone',
	summary: 'bring a whole remote into a new directory',
	synopsis: ['[<option>...] <bucket>[/<prefix>] [<directory>]'],
	flags: flagsOfClone,
	arity: [1, 2],

	async run(context, flags, [target = '', directory], ordered) {
		const remote = namedRemote(unicode(target), lookup(context, flags))
		restoreOf(flags)
		const root = absolute(context.cwd, directory ?? (target.replace(/\/+$/, '').split('/').at(-1) || target))
		const source = await openSource(context, flags, remote)
		await checkBucket(source, remote)
		makeEmpty(root)
		const place = initialize(root, newRemote(context, flags, unicode(target)))
		return runPull(context, flags, ordered, {place, remote, umask: context.umask, source})
	},
})

/** Makes the directory; one that is there must be empty, for what is in it could be in conflict. */
function makeEmpty(root: Path): void {
	try {
		mkdirSync(forFs(root), {recursive: true})
		if (readdirSync(forFs(root)).length === 0) return
	} catch (error) {
		const why = errnoOf(error) === 'EEXIST' ? 'not a directory' : reason(error)
		throw fatal(`cannot make ${shown(root)}: ${why}`, undefined, error)
	}
	throw fatal(
		`${shown(root)} is not empty`,
		"to merge with what is there, use 's3r init' and 's3r pull' in it",
	)
}
