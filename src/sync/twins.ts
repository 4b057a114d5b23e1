// Large files of a first push that are copies of one another: all but one need not be sent.

import {LANES} from '../algo/md5-kernel.ts'
import {md5Of} from '../algo/md5.ts'
import {type Entry, withMd5} from '../format/entry.ts'
import {sumsOrReasons} from './file-sum.ts'
import type {OpenFile} from './files.ts'
import {type Late, unhashed} from './late-hash.ts'
import type {PushOptions} from './push.ts'
import {isAsKnown} from './unchanged.ts'

/** To send a smaller file takes about as long as to look for its twin. */
const TWINS_FROM = 2 ** 20

/** Bytes that are read of each of some places of a file: most that are as long as another differ there. */
const GLIMPSE = 4096

/** Hashes large files before any is sent that have the same size, and the same bytes in some places: one may be a copy of the other. */
export function hashTwins({session, files}: Late): void {
	const {index} = session
	let twins: Entry[] = []
	const hash = () => {
		for (const hashed of hashedTogether(twins, files)) session.put(hashed)
		twins = []
	}
	const alike = new Alike<string>((row) => {
		if (twins.push(index.entry(row)) >= LANES) hash()
	})
	const ofSize = new Alike<number>((row, size) => {
		const glimpse = glimpseOf(index.path(row), files)
		if (glimpse !== undefined) alike.add(`${size} ${glimpse}`, row)
	})
	for (const {row, size} of unhashed(session)) if (size >= TWINS_FROM) ofSize.add(size, row)
	hash()
}

/** For a row: it was told. */
const TOLD = -1

/** Tells of all rows that have their key in common with another. */
class Alike<Key> {
	readonly #tell: (row: number, key: Key) => void
	readonly #firsts = new Map<Key, number>()

	constructor(tell: (row: number, key: Key) => void) {
		this.#tell = tell
	}

	add(key: Key, row: number): void {
		const first = this.#firsts.get(key)
		this.#firsts.set(key, first === undefined ? row : TOLD)
		if (first === undefined) return
		if (first !== TOLD) this.#tell(first, key)
		this.#tell(row, key)
	}
}

/** What tells most files of the same size apart; undefined where one cannot be read, which who sends it says. */
function glimpseOf(path: Entry['path'], files: PushOptions['files']): string | undefined {
	try {
		const file = files.open(path)
		try {
			const {size} = file.stat
			const places = [0, Math.floor(size / 2), Math.max(0, size - GLIMPSE)]
			return md5Of(Buffer.concat(places.map((at) => file.read(at, GLIMPSE)))).toString('latin1')
		} finally {
			file.close()
		}
	} catch {
		return undefined
	}
}

/**
 * Entries with the MD5s of their files, which are taken together; without those whose file is another by now, or cannot be read, or is
 * none of the system: they are hashed by who sends them.
 */
function hashedTogether(entries: readonly Entry[], files: PushOptions['files']): Entry[] {
	const opened = entries.flatMap((entry) => openAsKnown(entry, files) ?? [])
	try {
		const sums = sumsOrReasons(opened.map(({summed}) => summed))
		return opened.flatMap(({path, local, attrs, file}, i) => {
			const md5 = sums[i]
			return typeof md5 === 'string' && file.unchanged() ? [{path, local: withMd5(local, md5), attrs}] : []
		})
	} finally {
		for (const {file} of opened) file.close()
	}
}

/** An entry with its file, open; undefined where that is another by now, or none that can be read by its descriptor. */
function openAsKnown({path, local, attrs}: Entry, files: PushOptions['files']) {
	let file: OpenFile | undefined
	try {
		file = files.open(path)
	} catch {
		// who sends it says why
		return undefined
	}
	const {fd, stat} = file
	if (fd !== undefined && local && isAsKnown(stat, local))
		return {path, local, attrs, file, summed: {fd, size: stat.size}}
	file.close()
	return undefined
}
