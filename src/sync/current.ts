// A large file as it is when it is sent: hashed then, if it was not yet, or may have changed since.

import {partSize} from '../algo/parts.ts'
import {hasCoreBeside} from '../base/cores.ts'
import {fatal} from '../base/errors.ts'
import type {Path} from '../base/path.ts'
import {type Entry, withLocal} from '../format/entry.ts'
import {digestOf} from './attributes.ts'
import {refreshed} from './cargo.ts'
import type {OpenFile} from './files.ts'
import {PlainPieces, type Sums, sumsOf} from './pieces.ts'
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

/** Larger files have a thread each, and this one takes what will vouch for their pieces meanwhile. */
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
	const taken = await (size > TOGETHER ? takenAlone(sender, file, fd, piece) : ahead.hash({fd, size}, piece))
	signal?.throwIfAborted()
	if (taken === undefined || !file.unchanged()) return {md5: files.hash(path, stat)}
	const {md5, sha256} = taken
	return {md5, sums: piece !== undefined && sha256.length > 0 ? {size: piece, ofPieces: sha256} : undefined}
}

/** What a thread of its own takes of a file, and this one of its pieces. */
async function takenAlone(
	{options: {signal}, hashes, memory}: Sender,
	file: OpenFile,
	fd: number,
	piece: number | undefined,
): Promise<Taken | undefined> {
	const hashing = hashes.hash(fd, file.stat.size, signal)
	const isSummed = piece !== undefined && hasCoreBeside()
	const summing = isSummed ? sumsOf(new PlainPieces(file, piece, memory), signal) : undefined
	// the thread follows the file, which must stay open, whatever becomes of the sums
	await Promise.allSettled([hashing, summing])
	const [md5, sums] = await Promise.all([hashing, summing])
	return md5 === undefined ? undefined : {md5, sha256: sums?.ofPieces ?? []}
}
