// Whether a file is what the index says, without reading it; and what it holds, by reading it.
//
// A file is unchanged when its size, mtime, ctime, inode, mode and owner are those of the index,
// and it is not racy: one whose ctime is not clearly older than the scan that looked at it could
// have been written again within the same tick of the file system's clock (git's rule, see its
// racy-git.txt; ctime, for mtime can be set back).

import {createHash} from 'node:crypto'
import {OBJECT_LIMIT} from '../algo/parts.ts'
import {fatal} from '../base/errors.ts'
import type {Path} from '../base/path.ts'
import {TYPE, typeOf} from '../format/entry.ts'
import type {IndexRows} from '../format/index-file.ts'
import {secondsAt, X} from '../format/statx.ts'
import {type Fingerprint, isAsSeen, type Stat} from '../local/stat.ts'
import type {Statx} from '../local/statx.ts'
import type {Contents} from './scan.ts'

const TICK = 20_000_000n
const COARSE_TICK = 2_000_000_000n

/** Whether a file of this ctime could have changed unseen since a scan at `scanned`. */
export const isRacy = (ctime: bigint, scanned: bigint): boolean =>
	ctime >= scanned - (ctime % 1_000_000_000n === 0n ? COARSE_TICK : TICK)

/** Whether a file certainly holds what entry `row` of the index says. */
export function isUnchanged(index: IndexRows, row: number, stat: Statx): boolean {
	const {first, index: near} = index.window(row)
	if (!near.matches(row - first, stat.words)) return false
	if (typeOf(stat.mode) !== TYPE.file) return true
	if (!near.hasMd5(row - first)) return false
	return isLongBefore(stat, index.scannedSeconds) || !isRacy(stat.ctime, index.scanned)
}

/** What is true of most files, and cannot be of a racy one: for this no BigInt is needed. */
const isLongBefore = ({words}: Statx, scannedSeconds: number): boolean =>
	secondsAt(words, X.ctime) < scannedSeconds - 3

/** Whether what is there may be replaced, because it is what the index knows, or nothing. */
export const isAsKnown = (stat: Stat | undefined, known: Fingerprint | undefined): boolean =>
	known === undefined || stat === undefined ? stat === undefined : isAsSeen(stat, known)

/** MD5 in hex of what a file, or a symlink, holds; undefined for what holds nothing. */
export function contentMd5(path: Path, stat: Stat, contents: Contents): string | undefined {
	const type = typeOf(stat.mode)
	// days of reading, of the holes of a sparse file most often, and for nothing
	if (type === TYPE.file && stat.size > OBJECT_LIMIT)
		throw fatal(`it has ${stat.size} bytes, more than the ${OBJECT_LIMIT} of an object`)
	if (type === TYPE.file) return contents.hash(path, stat)
	return type === TYPE.symlink ? createHash('md5').update(contents.readLink(path)).digest('hex') : undefined
}
