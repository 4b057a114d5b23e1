// s3r rsh: be the remote shell of an rsync client, and the rsync at its other end.

import {fatal, usage} from '../src/base/errors.ts'
import {fromUnicode, type Path} from '../src/base/path.ts'
import {shown} from '../src/base/quote.ts'
import {createBucket} from '../src/cli/buckets.ts'
import {sizeOf} from '../src/cli/choices.ts'
import {command, type Context, type Values} from '../src/cli/command.ts'
import {remoteFlags, signatureFlags, storedFlags} from '../src/cli/flags.ts'
import {keepHeapSmall} from '../src/cli/v8.ts'
import {parse} from '../src/cli/parse.ts'
import {lookup, unicode} from '../src/cli/work.ts'
import type {Remote} from '../src/format/remote.ts'
import {bucketModules} from '../src/cli/modules.ts'
import {openTarget} from '../src/cli/rsync-target.ts'
import {converse} from '../src/peer/rsync/daemon.ts'
import {RsyncError} from '../src/peer/rsync/errors.ts'
import {serve} from '../src/peer/rsync/session.ts'
import {splitWords} from '../src/peer/rsync/words.ts'
import {chosenRemote, namedRemote} from '../src/repo/remotes.ts'

const flagsOfRsh = {
	'create-bucket': {type: 'boolean', help: 'create the bucket if it does not exist'},
	...signatureFlags,
	...storedFlags,
	...remoteFlags,
} as const
type RshValues = Values<typeof flagsOfRsh>

export default command({
	name: 'rsh',
	summary: "be rsync's remote shell: rsync -e 's3r rsh' <file>... <bucket>:",
	synopsis: ['[<option>...] <host> rsync --server <argument>...'],
	flags: flagsOfRsh,
	raw: true,

	async run(context, _, argv) {
		keepHeapSmall()
		const {flags, host, words} = callOf(argv, context.env)
		if (words.some(({text}) => text === '--daemon')) return beDaemon(context, flags)
		const remote = remoteOfHost(context, flags, host)
		if (flags['create-bucket']) await createBucket(context, remote, flags)
		const signatures = sizeOf('signatures', flags.signatures)
		const {io, umask, signal} = context
		try {
			return await serve(
				{input: io.stdinChunks(), write: (bytes) => io.write(bytes)},
				{
					words,
					open: () => openTarget(context, flags, {remote, signatures}),
					umask,
					self: {uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0},
					say: (text) => io.say(text),
					signal,
				},
			)
		} catch (error) {
			if (!(error instanceof RsyncError)) throw error
			io.say(`s3r: ${error.message}`)
			return error.code
		}
	},
})

/** `host::module` over a remote shell: a daemon for this one client, whose modules are the buckets. */
async function beDaemon(context: Context, flags: RshValues): Promise<number> {
	const {io, umask, signal} = context
	return converse(
		{input: io.stdinChunks(), write: (bytes) => io.write(bytes)},
		{
			modules: bucketModules(context, flags, {readOnly: false}),
			motd: '',
			umask,
			self: {uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0},
			signal,
			log: (text) => io.say(text),
		},
	)
}

type Call = {
	readonly flags: RshValues
	readonly host: string
	/** What follows `rsync`. */
	readonly words: ReturnType<typeof splitWords>
}

/** What a client, or somebody by hand, called us with: options of ours, a host, and the command that is to run there. */
function callOf(argv: readonly string[], env: NodeJS.ProcessEnv): Call {
	const own = (env['S3R_RSH_OPTIONS'] ?? '').split(/\s+/).filter((word) => word !== '')
	const at = hostAt(argv)
	// rsync's `user@` names nobody here: credentials say who we are
	const before = argv.slice(0, at).filter((arg, i, all) => arg !== '-l' && all[i - 1] !== '-l')
	const {flags, args} = parse(flagsOfRsh, [...own.map(fromUnicode), ...before])
	if (args.length > 0) throw usage(`unexpected argument ${shown(args[0] ?? '')} in S3R_RSH_OPTIONS`)
	const host = argv[at]
	const remoteCommand = argv.slice(at + 1)
	if (host === undefined || remoteCommand.length === 0)
		throw usage('this command is called by rsync', "rsync -av -e 's3r rsh' <file>... <bucket>:<path>")
	const words = splitWords(remoteCommand)
	const server = words.findIndex(({text}) => text === '--server')
	if (server < 1)
		throw usage(
			`${shown(words[0]?.text ?? '')} cannot run on a bucket, rsync can`,
			"rsync -av -e 's3r rsh' <file>... <bucket>:<path>",
		)
	return {flags, host, words: words.slice(server)}
}

/** Where the host stands: behind the options, and their values. */
function hostAt(argv: readonly string[]): number {
	for (let at = 0; at < argv.length; at++) {
		const arg = argv[at] ?? ''
		if (!arg.startsWith('-')) return at
		const flag = (flagsOfRsh as Record<string, {readonly type: string}>)[arg.replace(/^--/, '')]
		if (arg === '-l' || flag?.type === 'string') at++
	}
	return argv.length
}

/** The remote that a host names: `default` is the one in use, else a configured one, else a bucket. */
function remoteOfHost(context: Context, flags: RshValues, host: Path): Remote {
	const where = lookup(context, flags)
	if (host !== 'default') return namedRemote(unicode(host), where)
	const chosen = chosenRemote(where)
	if (!chosen) throw fatal("no remote is configured that 'default' could be", "'s3r init <bucket>' sets one")
	return chosen.remote
}
