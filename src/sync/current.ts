// A large file as it is when it is sent: hashed then, if it was not yet, or may have changed since.

import {partSize} from '../algo/parts.ts'
import {PieceSums} from '../algo/piecewise.ts'
import {fatal} from '../base/errors.ts'
import type {Path} from '../base/path.ts'
import {type Entry, withLocal} from '../format/entry.ts'
import {digestOf} from './attributes.ts'
import {refreshed} from './cargo.ts'
import type {OpenFile} from './files.ts'
import type {Sums} from './pieces.ts'
import type {Sender} from './send.ts'
import type {Taken} from './sums-thread.ts'
import {isAsKnown, isRacy} from './unchanged.ts'

/** A large file as it is when it is sent, and what was learned on the way: what vouches for its pieces. */
export type Current = {readonly entry: Entry; readonly sums?: Sums | undefined}

/** The entry as the open file has it: hashed if it was not yet, or may have changed since. */
export async function current(
	sender: Sender,
	planned: Entry,
	file: OpenFile,
	packed: boolean,
): Promise<Current> {
	const {local} = planned
	const {stat} = file
	const {session, owners} = sender.options
	if (!local) throw fatal('it is not in the index')
	const isSeen = isAsKnown(stat, local)
	if (isSeen && local.md5 !== undefined && !isRacy(stat.ctime, session.index.scanned)) return {entry: planned}
	const {md5, sums} = await digests(sender, planned.path, file, packed)
	const now = refreshed(local, stat, md5)
	const entry = withLocal(planned, now, digestOf(now, owners))
	// a run that is killed while it is sent need not hash it again
	if (isSeen && local.md5 === undefined) session.put(entry)
	return {entry, sums}
}

/** Larger files are not worth the wait for others, as long as there are threads for them. */
const TOGETHER = 128 * 2 ** 20

type Digests = {readonly md5: string; readonly sums?: Sums | undefined}

/** The MD5 of a file in hex, by a thread where there is one. */
async function digests(sender: Sender, path: Path, file: OpenFile, packed: boolean): Promise<Digests> {
	const {
		options: {files, signal},
		ahead,
	} = sender
	const {fd, stat} = file
	if (fd === undefined) return {md5: files.hash(path, stat)}
	const {size} = stat
	const piece = packed ? undefined : partSize(size)
	const alone = size > TOGETHER ? await takenAlone(sender, file, piece) : undefined
	const taken = alone ?? (await ahead.hash({fd, size}, piece))
	signal?.throwIfAborted()
	if (taken === undefined || !file.unchanged()) return {md5: files.hash(path, stat)}
	const {md5, sha256} = taken
	return {md5, sums: piece !== undefined && sha256.length > 0 ? {size: piece, ofPieces: sha256} : undefined}
}

/**
 * What is taken of a large file while no other may be hashed with it: its MD5 by a thread of its own, and by this one what
 * vouches for its pieces, of bytes that are read once. Undefined where no thread is free.
 */
async function takenAlone(
	{options: {signal}, md5s}: Sender,
	file: OpenFile,
	piece: number | undefined,
): Promise<Taken | undefined> {
	const sums = piece === undefined ? undefined : new PieceSums(piece)
	const md5 = await md5s.md5(file.stat.size, async (memory, at) => {
		signal?.throwIfAborted()
		const bytes = await file.readInto(memory, at)
		sums?.add(bytes)
		return bytes
	})
	return md5 === undefined ? undefined : {md5, sha256: sums?.digest() ?? []}
}
