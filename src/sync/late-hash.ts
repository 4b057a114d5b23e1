// New files of a first push are hashed by who sends them, so that they are read once, and large ones while others are sent.

import {OBJECT_LIMIT} from '../algo/parts.ts'
import {type Entry, TYPE, typeOf, withMd5} from '../format/entry.ts'
import type {IndexSession} from '../repo/session.ts'
import type {PushOptions} from './push.ts'
import {isAsKnown} from './unchanged.ts'

/** Files below this size are left to who sends them: all that can be sent. */
export const LATE_BELOW = OBJECT_LIMIT

/**
 * Whether hashing is left to the sending. Not where nothing is sent, or where there are objects that a file may be a copy
 * of, or that are to be compared with it.
 */
export const isHashedLate = ({
	pretend,
	compare,
	session,
}: Pick<PushOptions, 'pretend' | 'compare' | 'session'>): boolean =>
	pretend !== true && compare === undefined && !session.index.someRemote()

export type Late = Pick<PushOptions, 'files'> & {
	readonly session: Pick<IndexSession, 'index' | 'put' | 'forget'>
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
export function* unhashed({
	index,
}: Late['session']): Generator<{readonly row: number; readonly size: number}> {
	for (let row = 0; row < index.count;) {
		const {first, index: rows} = index.bare(row)
		// before any is given: what is done with it reads other rows
		const found: {row: number; size: number}[] = []
		for (let at = row - first; at < rows.count; at++) {
			if (rows.hasMd5(at) || !rows.hasLocal(at) || typeOf(rows.mode(at)) !== TYPE.file) continue
			found.push({row: first + at, size: rows.size(at)})
		}
		row = first + rows.count
		yield* found
	}
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
