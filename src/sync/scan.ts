// Local -> index: goes through the files in order beside the index, which is in the same order, and
// looks only into those that changed.

import {setImmediate as turn} from 'node:timers/promises'
import type {Path} from '../base/path.ts'
import type {Entry} from '../format/entry.ts'
import type {Building} from '../format/index-builder.ts'
import type {Index} from '../format/index-file.ts'
import type {Status} from '../format/record.ts'
import type {Stat} from '../local/stat.ts'
import type {Owners} from './attributes.ts'
import type {Sizes} from './narrow.ts'
import {Scanner} from './scanner.ts'

/** Which paths take part; a directory that does not is not looked into. */
export type Select = {
	(path: Path, isDirectory: boolean): boolean
	/** Whether all that lies in a directory takes part, unless a name begins with '.'; a directory for which it is not known has not. */
	readonly takesPlain?: (directory: Path) => boolean
}

/** The disk, as far as a scan looks into files. */
export type Contents = {
	/** MD5 of a regular file's content, in hex. */
	hash(path: Path, stat: Stat): string
	/** The same of many small files in less time; undefined for one that is to be asked of `hash`, which says why. */
	hashEach?(files: readonly {readonly path: Path; readonly stat: Stat}[]): (string | undefined)[]
	/** The bytes that a symlink holds. */
	readLink(path: Path): Buffer
	/** MD5 of the extended attributes that are kept, in hex; undefined where there are none. */
	readonly xattrs?: ((path: Path) => string | undefined) | undefined
}

export type ScanOptions = {
	readonly root: Path
	readonly index: Index
	/** Where the entries of new files go to; into memory without. */
	readonly building?: (() => Building) | undefined
	readonly contents: Contents
	readonly owners: Owners
	/** These paths and what is below them; everything without. One that is gone loses its local side. */
	readonly paths?: readonly Path[] | undefined
	/** `paths` alone, not what is below them. */
	readonly shallow?: boolean | undefined
	readonly select?: Select | undefined
	/** Files of other sizes are not looked into, and their entries are left as they are. */
	readonly sizes?: Sizes | undefined
	readonly oneFileSystem?: boolean | undefined
	/** Leaves the MD5 of files below this size that have none yet to who reads them next: their entries have none until then. */
	readonly unhashedBelow?: number | undefined
	/** Hashes every file again (-c). */
	readonly checksum?: boolean | undefined
	readonly signal?: AbortSignal | undefined
	readonly onError: (path: Path, error: unknown) => void
	/** Told of a file that was gone when it was to be read; without, that is an error. */
	readonly onVanished?: ((path: Path) => void) | undefined
	/** Told of the places of temporary files that a killed s3r left. */
	readonly onTemporary?: ((path: Path) => void) | undefined
	/** Told of each entry whose local side changed, with its status against the old one. */
	readonly onChange?: ((status: Status, entry: Entry) => void) | undefined
}

/** A local side that is not what the index says, with its status against that. */
export type Change = {readonly status: Status; readonly entry: Entry}

export type Scan = {
	readonly index: Index
	/** Whether the index differs from the one it began with, if only in when it was scanned. */
	readonly changed: boolean
}

/** How many files are looked at before signals, and the network, get a chance. */
const TURN = 1024
/** Changes that are told of together. */
const SOME = 64

/** Looks at the files and returns the index that says what they are now. Writes nothing. */
export async function scan(options: ScanOptions): Promise<Scan> {
	const found = changes(options)
	for (;;) {
		const next = await found.next()
		if (next.done) return next.value
		for (const {status, entry} of next.value) options.onChange?.(status, entry)
	}
}

/** As scan, but yields what it finds to have changed, some at a time, while it goes. */
export async function* changes(
	options: Omit<ScanOptions, 'onChange'>,
): AsyncGenerator<readonly Change[], Scan> {
	const scanner = new Scanner(options)
	let count = 0
	for (const file of scanner.files()) {
		scanner.see(file)
		if (scanner.found.length >= SOME) yield scanner.found.splice(0)
		if (++count % TURN === 0) {
			await turn()
			options.signal?.throwIfAborted()
		}
	}
	const done = scanner.finish()
	yield scanner.found
	return done
}
