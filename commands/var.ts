// s3r var: print what s3r goes by, after options, environment and configuration.

import {EXIT, usage} from '../src/base/errors.ts'
import {fromUnicode, type Path} from '../src/base/path.ts'
import {shown} from '../src/base/quote.ts'
import {command, type Context, type Values} from '../src/cli/command.ts'
import {chosenFlags, remoteFlags} from '../src/cli/flags.ts'
import {didYouMean} from '../src/cli/nearest.ts'
import {packageVersion} from '../src/cli/package.ts'
import {lookup} from '../src/cli/work.ts'
import {type Remote, remoteUrl} from '../src/format/remote.ts'
import {findPlace, indexDirOf} from '../src/repo/find.ts'
import {chosenRemote, configFile, placeOfRemote, userConfigFile} from '../src/repo/remotes.ts'

const flagsOfVar = {
	list: {type: 'boolean', short: 'l', help: 'print all of them'},
	...chosenFlags,
	...remoteFlags,
} as const

/** What a variable is read from. */
type Source = {readonly context: Context; readonly flags: Values<typeof flagsOfVar>}
type Variable = (source: Source) => Path | undefined

const placeIn = ({context: {cwd, env}}: Source) => findPlace(cwd, env)
const chosenIn = ({context, flags}: Source) => chosenRemote(lookup(context, flags))
const ofRemote =
	(show: (remote: Remote) => string | boolean | undefined): Variable =>
	(source) => {
		const remote = chosenIn(source)?.remote
		const value = remote && show(remote)
		return value === undefined ? undefined : fromUnicode(String(value))
	}

const VARIABLES: Readonly<Record<string, Variable>> = {
	S3R_ROOT: (source) => placeIn(source)?.root,
	S3R_DIR: (source) => placeIn(source)?.dir,
	S3R_INDEX: (source) => {
		const [place, chosen] = [placeIn(source), chosenIn(source)]
		return place && `${indexDirOf(chosen ? placeOfRemote(place, chosen) : place)}/index`
	},
	S3R_CONFIG: (source) => {
		const place = placeIn(source)
		return place && configFile(place)
	},
	S3R_USER_CONFIG: ({context}) => userConfigFile(context.env),
	S3R_REMOTE: (source) => {
		const chosen = chosenIn(source)
		return chosen && fromUnicode(chosen.name ?? remoteUrl(chosen.remote))
	},
	S3R_REMOTE_URL: ofRemote(remoteUrl),
	S3R_BUCKET: ofRemote(({bucket}) => bucket),
	S3R_PREFIX: ofRemote(({prefix}) => prefix),
	S3R_ENDPOINT: ofRemote(({endpoint}) => endpoint),
	S3R_REGION: ofRemote(({region}) => region),
	S3R_PROFILE: ofRemote(({profile}) => profile),
	S3R_VERSION: () => packageVersion(),
}

export default command({
	name: 'var',
	summary: 'print what s3r goes by',
	synopsis: ['[<option>...] <variable>', '-l [<option>...]'],
	flags: flagsOfVar,
	arity: [0, 1],

	async run(context, flags, [name]) {
		if (flags.list && name !== undefined) throw usage("'--list' and a variable exclude each other")
		if (!flags.list && name === undefined) throw usage("a variable or '--list' is missing")
		const source = {context, flags}
		if (name !== undefined) return print(context, name, source)
		for (const [each, read] of Object.entries(VARIABLES)) {
			const value = read(source)
			if (value !== undefined) await context.io.record(`${each}=${value}`)
		}
		return EXIT.ok
	},
})

async function print({io}: Context, name: string, source: Source): Promise<number> {
	const read = Object.hasOwn(VARIABLES, name) ? VARIABLES[name] : undefined
	if (read === undefined)
		throw usage(
			`${shown(name)} is no variable`,
			didYouMean(name, Object.keys(VARIABLES)) ?? "'s3r var -l' lists them",
		)
	const value = read(source)
	if (value === undefined) return EXIT.no
	await io.record(value)
	return EXIT.ok
}
