// s3r config: read and change settings, in the manner of git config.

import {EXIT} from '../src/base/errors.ts'
import {fromUnicode, type Path} from '../src/base/path.ts'
import {usage} from '../src/base/errors.ts'
import {command, type Context} from '../src/cli/command.ts'
import {unicode} from '../src/cli/work.ts'
import {getValue, parseConfig} from '../src/format/config.ts'
import {formatKey, type Key, parseKey, parseValues, setValue, unsetValue} from '../src/format/config-text.ts'
import {findPlace, requirePlace} from '../src/repo/find.ts'
import {configFile, readConfigText, userConfigFile, writeConfigText} from '../src/repo/remotes.ts'

export default command({
	name: 'config',
	summary: 'read and change settings',
	synopsis: ['[--user] [--list]', '[--user] <key> [<value>]', '[--user] --unset <key>'],
	flags: {
		list: {type: 'boolean', short: 'l', help: 'print every setting'},
		unset: {type: 'boolean', help: 'take a setting out'},
		user: {type: 'boolean', help: "the user's own config, not that of the local side"},
	},
	arity: [0, 2],

	async run(context, flags, [name, value]) {
		if (name === undefined) {
			if (flags.unset) throw usage("'--unset' needs a key")
			return list(context, flags.user)
		}
		if (flags.list) throw usage("'--list' takes no key")
		const key = parseKey(unicode(name))
		if (flags.unset && value !== undefined) throw usage("'--unset' takes no value")
		if (flags.unset) return unset(fileOf(context, flags.user), key)
		if (value === undefined) return print(context, flags.user, key)
		return set(fileOf(context, flags.user), key, unicode(value))
	},
})

/** The settings that hold, in the order in which they are read: of two with one key the later counts. */
function settings({cwd, env}: Context, user: boolean | undefined) {
	const place = user ? undefined : findPlace(cwd, env)
	const files = [userConfigFile(env), ...(place ? [configFile(place)] : [])]
	return files.flatMap((file) => parseValues(readConfigText(file), file))
}

/** The file that is changed. */
const fileOf = (context: Context, user: boolean | undefined): Path =>
	user ? userConfigFile(context.env) : configFile(requirePlace(context.cwd, context.env))

async function list(context: Context, user: boolean | undefined): Promise<number> {
	for (const [key, value] of settings(context, user)) await context.io.record(fromUnicode(`${key}=${value}`))
	return EXIT.ok
}

async function print(context: Context, user: boolean | undefined, key: Key): Promise<number> {
	const value = getValue(settings(context, user), formatKey(key))
	if (value === undefined) return EXIT.no
	await context.io.record(fromUnicode(value))
	return EXIT.ok
}

function unset(file: Path, key: Key): number {
	const old = readConfigText(file)
	if (getValue(parseValues(old, file), formatKey(key)) === undefined) return EXIT.no
	writeConfigText(file, unsetValue(old, key, file))
	return EXIT.ok
}

/** A value that makes a config unreadable is refused; one that is so already may be mended step by step. */
function set(file: Path, key: Key, value: string): number {
	const old = readConfigText(file)
	const text = setValue(old, key, value, file)
	if (isReadable(old, file)) parseConfig(text, file)
	writeConfigText(file, text)
	return EXIT.ok
}

function isReadable(text: string, file: Path): boolean {
	try {
		parseConfig(text, file)
		return true
	} catch {
		return false
	}
}
