// File systems that take two names for one: they fold case (exFAT, NTFS, APFS) or the composition of letters (APFS).

import {readdirSync} from 'node:fs'
import {fatal} from '../base/errors.ts'
import {forFs, fromBytes, fromUnicode, type Path, toBytes} from '../base/path.ts'
import {shown} from '../base/quote.ts'
import {lstatExact} from './stat.ts'

/** The spellings that a name could be taken for. */
function otherSpellings(name: Path): ReadonlySet<Path> {
	const text = toBytes(name).toString('utf8')
	const spellings = [text.toUpperCase(), text.toLowerCase(), text.normalize('NFC'), text.normalize('NFD')]
	return new Set(spellings.map(fromUnicode).filter((spelling) => spelling !== name))
}

/**
 * Throws if what is found in a directory under `name` is there under another spelling only. `prefix`: what a
 * name in the directory is appended to. Costs one lstat, unless the directory has both names or folds them.
 */
export function refuseFolded(prefix: Path, name: Path): void {
	const others = otherSpellings(name)
	if (![...others].some((other) => lstatExact(prefix + other) !== undefined)) return
	const names = readdirSync(forFs(prefix), 'buffer').map(fromBytes)
	if (names.includes(name)) return
	const found = names.find((other) => folded(other) === folded(name))
	if (found !== undefined) throw fatal(`the file system takes ${shown(found)} for it`)
}

const folded = (name: Path): string => toBytes(name).toString('utf8').normalize('NFC').toUpperCase()
