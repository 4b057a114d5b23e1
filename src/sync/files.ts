// The disk as a push sees it.

import type {Path} from '../base/path.ts'
import type {Xattr} from '../format/xattrs.ts'
import type {Seen} from '../local/read.ts'
import type {Fingerprint, Stat} from '../local/stat.ts'
import type {Contents} from './scan.ts'

/** A regular file held open, so that what is read is one file whatever its name means by then. */
export type OpenFile = {
	readonly stat: Stat
	/** For other threads to read it by; absent where it is no file of the system. */
	readonly fd?: number | undefined
	/** Bytes from `position`, fewer at the end; in `memory` where that is given, which has room for them. */
	read(position: number, length: number, memory?: Buffer): Buffer
	/** Fills `buffer` off the main thread, as far as the file goes; resolves to the part that was filled. */
	readInto(buffer: Buffer, position: number): Promise<Buffer>
	/** Whether the file is still what it was when it was opened. */
	unchanged(): boolean
	close(): void
}

export type Files = Contents & {
	open(path: Path): OpenFile
	/** As readSeen of local/read.ts; absent where files are not those of a disk. */
	readSeen?(path: Path, seen: Fingerprint, memory?: Buffer): Seen | undefined
	stat(path: Path): Stat | undefined
	/** The extended attributes that are kept, sorted by name. */
	readXattrs(path: Path): readonly Xattr[]
}
