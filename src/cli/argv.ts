// What the process was called with, in bytes. Node decodes arguments and directories as UTF-8 and
// puts U+FFFD where they are not; Linux keeps the bytes in /proc.

import {readFileSync, readlinkSync} from 'node:fs'
import {fatal, reason} from '../base/errors.ts'
import {fromBytes, fromUnicode, type Path} from '../base/path.ts'

const LOST = '\ufffd'

/** The last arguments of the process, those that `argv` holds as Unicode, as byte strings. */
export function byteArguments(argv: readonly string[], cmdline = '/proc/self/cmdline'): readonly string[] {
	if (!argv.some((a) => a.includes(LOST))) return argv.map(fromUnicode)
	try {
		const all = fromBytes(readFileSync(cmdline)).split('\0').slice(0, -1)
		return all.slice(all.length - argv.length)
	} catch {
		return argv.map(fromUnicode)
	}
}

/** The current directory, which node calls `cwd()`, as a byte string. Fatal if it is gone. */
export function byteDirectory(cwd: () => string, link = '/proc/self/cwd'): Path {
	const directory = currentDirectory(cwd)
	if (!directory.includes(LOST)) return fromUnicode(directory)
	try {
		return fromBytes(readlinkSync(link, 'buffer'))
	} catch {
		return fromUnicode(directory)
	}
}

function currentDirectory(cwd: () => string): string {
	try {
		return cwd()
	} catch (error) {
		throw fatal(`cannot find the current directory: ${reason(error)}`, undefined, error)
	}
}
