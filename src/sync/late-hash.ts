// New files of a first push are hashed by who sends them, so that they are read once, and large ones while others are sent.

import {LANES} from '../algo/md5-kernel.ts'
import {OBJECT_LIMIT} from '../algo/parts.ts'
import {type Entry, TYPE, typeOf, withMd5} from '../format/entry.ts'
import {sumsOrReasons} from './file-sum.ts'
import type {OpenFile} from './files.ts'
import type {PushOptions} from './push.ts'
import {isAsKnown} from './unchanged.ts'

/** Files below this size are left to who sends them: all that can be sent. */
export const LATE_BELOW = OBJECT_LIMIT

/** To send a smaller file takes about as long as to look for its twin. */
const TWINS_FROM = 2 ** 20

/**
 * Whether hashing is left to the sending. Not where nothing is sent, or where there are objects that a file may be a copy
 * of, or that are to be compared with it.
 */
export const isHashedLate = ({pretend, compare, session}: PushOptions): boolean =>
	pretend !== true && compare === undefined && !session.index.someRemote()

/** For a row: it is among those that are hashed. */
const DONE = -1

type Late = Pick<PushOptions, 'session' | 'files'>

/** Hashes large files of the same size before any is sent: one may be a copy of the other, and need not be sent then. */
export function hashTwins({session, files}: Late): void {
	const {index} = session
	const firsts = new Map<number, number>()
	let twins: Entry[] = []
	const hash = () => {
		for (const hashed of hashedTogether(twins, files)) session.put(hashed)
		twins = []
	}
	for (const {row, size} of unhashed(session)) {
		if (size < TWINS_FROM) continue
		const first = firsts.get(size)
		firsts.set(size, first === undefined ? row : DONE)
		if (first === undefined) continue
		if (first !== DONE) twins.push(index.entry(first))
		twins.push(index.entry(row))
		if (twins.length >= LANES) hash()
	}
	hash()
}

/** Hashes what was left to the sending and not sent: the index is as if all had been hashed at first. */
export function hashUnsent({session, files}: Late): void {
	const {index} = session
	for (const {row} of unhashed(session)) {
		const entry = index.entry(row)
		const hashed = hashedNow(entry, files)
		// what is another file by now, or cannot be read, is looked at by the next scan
		if (hashed) session.put(hashed)
		else session.forget(entry.path)
	}
}

/** The rows of regular files that have no MD5 yet, and the sizes of these. */
function* unhashed({
	index,
}: PushOptions['session']): Generator<{readonly row: number; readonly size: number}> {
	for (let row = 0; row < index.count; row++) {
		const {first, index: near} = index.window(row)
		const at = row - first
		if (near.hasMd5(at) || !near.hasLocal(at) || typeOf(near.mode(at)) !== TYPE.file) continue
		yield {row, size: near.size(at)}
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

/** The entry with the MD5 of its file; undefined where that is another by now, or cannot be read. */
function hashedNow({path, local, attrs}: Entry, files: PushOptions['files']): Entry | undefined {
	try {
		const stat = files.stat(path)
		if (!local || !stat || !isAsKnown(stat, local)) return undefined
		return {path, local: withMd5(local, files.hash(path, stat)), attrs}
	} catch {
		return undefined
	}
}
