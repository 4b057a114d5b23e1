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
async function digests(
	{options: {files, signal}, hashes, ahead, memory}: Sender,
	path: Path,
	file: OpenFile,
	packed: boolean,
): Promise<Digests> {
	if (file.fd === undefined) return {md5: files.hash(path, file.stat)}
	const {size} = file.stat
	const isAlone = size > TOGETHER
	const hashing = isAlone ? hashes.hash(file.fd, size, signal) : ahead.hash({fd: file.fd, size})
	const isSummed = isAlone && !packed && hasCoreBeside()
	const summing = isSummed ? sumsOf(new PlainPieces(file, partSize(size), memory), signal) : undefined
	// the thread follows the file, which must stay open, whatever becomes of the sums
	await Promise.allSettled([hashing, summing])
	const [md5, sums] = await Promise.all([hashing, summing])
	signal?.throwIfAborted()
	return md5 !== undefined && file.unchanged() ? {md5, sums} : {md5: files.hash(path, file.stat)}
}
