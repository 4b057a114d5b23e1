// The disk as a pull sees it: everything below one root, nothing through a symlink.

import type {Path} from '../base/path.ts'
import type {Known} from '../format/metadata.ts'
import type {Stat} from '../local/stat.ts'

/** Attributes that could not be restored, by kind ('owner', 'xattr', 'device' ...), with the reason. */
export type Lost = ReadonlyMap<string, string>

/** A file that is being written beside its place, until it is whole. */
export type NewFile = {
	write(bytes: Buffer, position: number): void
	/** To read back what was written; open until the commit. */
	readonly fd: number
	/** Gives it its length beforehand: what is not written reads as zeros, also where holes are left. */
	reserve(length: number): void
	/** Whether the commit puts it in the place of what is there; else it throws EEXIST where something is. */
	readonly replaces: boolean
	/** Gives it its length and attributes and puts it in its place; returns what it is then. */
	commit(wanted: Known): {readonly lost: Lost; readonly stat: Stat}
	/** Forgets it, unless it is committed; nothing stays. */
	discard(): void
}

export type CreateOptions = {
	/** Replaces nothing. */
	readonly isNew?: boolean | undefined
	/** Replaces nothing where the system sees to that by itself. */
	readonly maybeNew?: boolean | undefined
	/** The st_mode that it will have, where that is known. */
	readonly mode?: number | undefined
}

/**
 * Paths are checked on every call: one that is unsafe, or whose way leads through a symlink, is
 * refused with an error that says so. What is new has the attributes wanted before it appears; should somebody have changed what files
 * of its directory begin with, right after.
 */
export type Disk = {
	stat(path: Path): Stat | undefined
	create(path: Path, options?: CreateOptions): NewFile
	symlink(path: Path, target: Buffer, wanted: Known): Lost
	/** A hard link to another path below the root. */
	link(path: Path, to: Path): void
	/** A FIFO, socket or device, as `wanted` says; with 'device' lost where it cannot be made here. */
	special(path: Path, wanted: Known): Lost
	/** A directory with no attributes yet; one that is there already stays. Whether it is new. */
	directory(path: Path): boolean
	/** Gives what is there these attributes. */
	apply(path: Path, wanted: Known): Lost
	/** Removes a file, or an empty directory. */
	remove(path: Path): void
	/** Moves a file out of the way. */
	rename(path: Path, to: Path): void
	/** Closes the directories it holds. */
	close(): void
}
