// s3r remote: list, add, rename, move and remove remotes.

import {EXIT, usage} from '../src/base/errors.ts'
import {fromUnicode} from '../src/base/path.ts'
import {shown} from '../src/base/quote.ts'
import {command, type Context} from '../src/cli/command.ts'
import {recordFlags, remoteFlags, storedFlags} from '../src/cli/flags.ts'
import {didYouMean} from '../src/cli/nearest.ts'
import {newRemote, unicode} from '../src/cli/work.ts'
import {type Remote, remoteUrl} from '../src/format/remote.ts'
import {
	addRemote,
	moveRemote,
	ownConfig,
	removeRemote,
	renameRemote,
	requireConfigured,
} from '../src/repo/edit-remotes.ts'
import {requirePlace} from '../src/repo/find.ts'

/** What can be done, and with how many arguments. */
const VERBS = {list: 0, add: 2, rm: 1, remove: 1, rename: 2, 'set-url': 2, 'get-url': 1} as const
type Verb = keyof typeof VERBS

export default command({
	name: 'remote',
	summary: 'list, add, rename, move and remove remotes',
	synopsis: [
		'[list] [-vz]',
		'add [<option>...] <name> <bucket>[/<prefix>]',
		'rm <name>',
		'rename <name> <new-name>',
		'set-url [<option>...] <name> <bucket>[/<prefix>]',
		'get-url <name>',
	],
	flags: {
		verbose: {type: 'boolean', short: 'v', help: 'print the URL of each remote, too'},
		null: recordFlags.null,
		...storedFlags,
		...remoteFlags,
	},
	arity: [0, 3],

	async run(context, flags, [word = 'list', ...args]) {
		const verb = verbOf(word, args)
		const place = requirePlace(context.cwd, context.env)
		const [name = '', other = ''] = args.map(unicode)
		const {signal} = context
		if (verb === 'list') for (const one of ownConfig(place).remotes) await print(context, flags, one)
		else if (verb === 'get-url') await context.io.record(fromUnicode(fullUrl(requireConfigured(place, name))))
		else if (verb === 'add') addRemote(place, name, newRemote(context, flags, other))
		else if (verb === 'set-url') await moveRemote(place, name, newRemote(context, flags, other), signal)
		else if (verb === 'rename') await renameRemote(place, name, other, signal)
		else await removeRemote(place, name, signal)
		return EXIT.ok
	},
})

function verbOf(word: string, args: readonly string[]): Verb {
	if (!Object.hasOwn(VERBS, word))
		throw usage(
			`${shown(word)} is nothing that can be done with remotes`,
			didYouMean(word, Object.keys(VERBS)) ?? `one of ${Object.keys(VERBS).join(', ')}`,
		)
	const wanted = VERBS[word as Verb]
	if (args.length < wanted)
		throw usage(`'remote ${word}' needs ${wanted === 1 ? 'a name' : 'a name and another argument'}`)
	if (args.length > wanted) throw usage(`unexpected argument ${shown(args[wanted] ?? '')}`)
	return word as Verb
}

type PrintFlags = {readonly verbose?: boolean; readonly null?: boolean}

const print = (
	{io}: Context,
	flags: PrintFlags,
	[name, remote]: readonly [string, Remote],
): Promise<void> | undefined =>
	io.record(fromUnicode(flags.verbose ? `${name}\t${fullUrl(remote)}` : name), flags.null)

/** The URL with what is needed to reach the bucket, as every command takes it. */
function fullUrl(remote: Remote): string {
	const {endpoint, region, profile} = remote
	const query = Object.entries({endpoint, region, profile}).filter(([, value]) => value !== undefined)
	const text = query.map(([key, value]) => `${key}=${encodeURIComponent(value ?? '')}`).join('&')
	return `${remoteUrl(remote)}${text === '' ? '' : `?${text}`}`
}
