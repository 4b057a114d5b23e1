// What verify says, and what it compares, in words: digests as in records, attributes as rsync's user knows them.

import type {Path} from '../base/path.ts'
import {type Entry, typeOf} from '../format/entry.ts'
import type {Known} from '../format/metadata.ts'
import {formatMode, formatTime} from '../format/record.ts'

/** What is not as it should be of a path. */
export type What =
	/** The file is gone. */
	| 'local-missing'
	/** The file holds something else than both sides held, and its times say so. */
	| 'local-changed'
	/** The file holds something else, and nothing but its content says so. */
	| 'local-damaged'
	/** The file has other attributes than both sides had. */
	| 'local-attributes'
	/** File and object hold the same, and only the index says something else. */
	| 'index-damaged'
	/** The object is gone. */
	| 'remote-missing'
	/** The object is another one. */
	| 'remote-changed'
	/** The index does not know of the object. */
	| 'remote-new'
	/** The object's bytes are not those that were stored. */
	| 'remote-damaged'
	/** The object's metadata are not those that were stored. */
	| 'remote-attributes'

/** A mismatch, with its evidence: digests as in records, sizes, or what was said. */
export type Mismatch = {
	readonly what: What
	readonly path: Path
	readonly expected?: string | undefined
	readonly found?: string | undefined
}

/** Why a path is as it should be. */
export type Proof = {
	readonly path: Path
	/** MD5 of the file, read now, which is that of the index; none for what holds nothing. */
	readonly local?: string | undefined
	/** The ETag that the store lists, which is that of the index. */
	readonly remote: string
	/** The object's bytes were read, and have the MD5 above. */
	readonly read: boolean
}

/** An MD5 as a record has it. */
export const md5Text = (digest: string | undefined): string | undefined =>
	digest === undefined ? undefined : `md5:${digest}`

type Compared = Pick<Known, 'mode' | 'mtime' | 'uid' | 'gid'>

/** Permissions that come back without -a, too. */
const PERMISSIONS = 0o777

/**
 * Where attributes differ from those expected, as two texts that name what differs; undefined where they do
 * not. What one side does not say is not compared.
 */
export function difference(
	expected: Compared,
	found: Compared,
	mask = 0o7777,
): {readonly expected: string; readonly found: string} | undefined {
	const mode = ({mode: bits}: Compared) =>
		bits === undefined ? undefined : formatMode((typeOf(bits) << 12) | (bits & mask))
	const words = (of: Compared): readonly (readonly [string, string | number | undefined])[] => [
		['mode', mode(of)],
		['mtime', of.mtime === undefined ? undefined : formatTime(of.mtime)],
		['uid', of.uid],
		['gid', of.gid],
	]
	const others = words(found)
	const pairs = words(expected).flatMap(([name, here], i) => {
		const there = others[i]?.[1]
		return here === undefined || there === undefined || here === there ? [] : [[name, here, there] as const]
	})
	if (pairs.length === 0) return undefined
	return {
		expected: pairs.map(([name, here]) => `${name} ${here}`).join(' '),
		found: pairs.map(([name, , there]) => `${name} ${there}`).join(' '),
	}
}

/** Where an object's own metadata says something else than the index; owners depend on who pulled. */
export const objectDifference = ({local}: Entry, {mode, mtime}: Known): ReturnType<typeof difference> =>
	local &&
	difference(
		local,
		{...(mode === undefined ? {} : {mode}), ...(mtime === undefined ? {} : {mtime})},
		PERMISSIONS,
	)
