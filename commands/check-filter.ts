// s3r check-filter: tell which paths the filters leave out, and why.

import {EXIT, usage} from '../src/base/errors.ts'
import {isDirectory, type Path, ROOT, withoutSlash} from '../src/base/path.ts'
import {quote} from '../src/base/quote.ts'
import {command, type Context} from '../src/cli/command.ts'
import {filterRules} from '../src/cli/filters.ts'
import {ruleFlags} from '../src/cli/flags.ts'
import {askedLines} from '../src/cli/input.ts'
import {S_IFDIR, S_IFMT} from '../src/format/mode.ts'
import {lstatExact} from '../src/local/stat.ts'
import {join, pathBelow, type Place, requirePlace} from '../src/repo/find.ts'
import {type Decision, explainer} from '../src/sync/select.ts'

export default command({
	name: 'check-filter',
	summary: 'tell which paths the filters leave out, and why',
	synopsis: ['[-vnz] [--receiver] [<filter>...] <path>...', '[-vnz] [--receiver] [<filter>...] --stdin'],
	flags: {
		verbose: {type: 'boolean', short: 'v', help: 'print the rule that decides, and where it stands'},
		'non-matching': {type: 'boolean', short: 'n', help: 'with -v: print paths that no rule matches, too'},
		null: {type: 'boolean', short: 'z', help: 'end paths and fields with NUL and do not quote them'},
		stdin: {type: 'boolean', help: 'read the paths from stdin'},
		receiver: {type: 'boolean', help: 'ask what the side that receives protects from deletion'},
		...ruleFlags,
	},

	async run(context, flags, args, ordered) {
		const {verbose, null: nul = false, stdin} = flags
		if (stdin && args.length > 0) throw usage("option '--stdin' and a path exclude each other")
		if (!stdin && args.length === 0) throw usage("a path or '--stdin' is missing")
		if (flags['non-matching'] && !verbose) throw usage("option '--non-matching' needs '--verbose'")
		const place = requirePlace(context.cwd, context.env)
		const rules = await filterRules(context, place, flags, ordered)
		const decide = explainer({...place, rules}, flags.receiver ? 'receiver' : 'sender')
		let isAnyOut = false
		for await (const {path, given} of stdin ? onStdin(context, nul) : named(context, place, args)) {
			const isDir = isDirectory(path) || isDirectoryHere(place, path)
			const decision = path === ROOT ? undefined : decide(isDir ? `${withoutSlash(path)}/` : path, isDir)
			isAnyOut ||= decision?.isOut ?? false
			if (verbose && (decision || flags['non-matching']))
				await context.io.record(explained(decision, given, nul), nul)
			else if (!verbose && decision?.isOut) await context.io.record(nul ? given : quote(given), nul)
		}
		return isAnyOut ? EXIT.ok : EXIT.no
	},
})

/** A path below the root, and how it was given. */
type Named = {readonly path: Path; readonly given: Path}

function* named({cwd}: Context, place: Place, args: readonly Path[]): Iterable<Named> {
	for (const given of args) {
		const path = pathBelow(place, cwd, given)
		yield {path: path === '' ? ROOT : given.endsWith('/') ? `${path}/` : path, given}
	}
}

async function* onStdin({io}: Context, nul: boolean): AsyncIterable<Named> {
	for await (const {path} of askedLines(io, nul)) yield {path, given: path}
}

function isDirectoryHere({root}: Place, path: Path): boolean {
	try {
		return ((lstatExact(join(root, path))?.mode ?? 0) & S_IFMT) === S_IFDIR
	} catch {
		return false
	}
}

/** `-` for what is left out and `+` for what a rule takes, where the rule stands, the rule, and the path. */
function explained(decision: Decision | undefined, path: Path, nul: boolean): string {
	const {source = '', text = '', isOut} = decision ?? {}
	const sign = isOut === undefined ? '' : isOut ? '-' : '+'
	const fields = [sign, source, text, path]
	return nul ? fields.join('\0') : fields.map((field) => (field === '' ? '' : quote(field))).join('\t')
}
