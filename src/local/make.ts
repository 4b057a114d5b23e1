// What is not a regular file, made in its place at once: links, FIFOs, sockets, devices, directories.

import {linkSync, mkdirSync, symlinkSync, unlinkSync} from 'node:fs'
import {errnoOf, reason} from '../base/errors.ts'
import {forFs, nameOf, parentOf, type Path} from '../base/path.ts'
import {S_IFDIR, S_IFMT} from '../format/mode.ts'
import type {Unrestored} from './attrs.ts'
import {refuseFolded} from './folding.ts'
import {native} from './native.ts'
import {type Device, lstatExact} from './stat.ts'
import {type Finish, make} from './write.ts'

/** Puts a symlink that holds `content` in the place of `file`. */
export const makeSymlink = (file: Path, content: Buffer, finish?: Finish): void =>
	make(file, (temporary) => symlinkSync(content, forFs(temporary)), finish)

/**
 * Makes `file` another name of `existing`, a held place too, on the same file system. Does nothing where it
 * is one already: rename(2) would leave both names of one file.
 */
export function makeHardLink(file: Path, existing: Path): void {
	const [is, shouldBe] = [lstatExact(file), lstatExact(existing)]
	if (is !== undefined && is.ino === shouldBe?.ino && is.dev === shouldBe.dev) return
	make(file, (temporary) => linkSync(forFs(existing), forFs(temporary)))
}

/** What the system says to one who may not make a device, or where it knows none. */
const REFUSED = new Set(['EPERM', 'EACCES', 'ENOTSUP', 'EINVAL', 'ENOSYS'])

/**
 * Puts a FIFO, socket or device in the place of `file`; `mode` holds its type. Returns why that cannot be
 * done here, if it cannot.
 */
export function makeNode(file: Path, mode: number, device: Device, finish?: Finish): Unrestored | undefined {
	const calls = native()
	if (calls === undefined) return {kind: 'device', reason: 'it takes the package koffi'}
	try {
		make(file, (temporary) => calls.mknod(temporary, (mode & S_IFMT) | 0o600, device), finish)
		return undefined
	} catch (error) {
		if (!REFUSED.has(errnoOf(error) ?? '')) throw error
		return {kind: 'device', reason: reason(error)}
	}
}

/**
 * Makes a directory, 0700 until it gets its attributes, in place of anything that is none. Returns
 * whether it is new. Throws where only a directory of another spelling is found.
 */
export function makeDirectory(file: Path): boolean {
	const found = lstatExact(file)
	if (found !== undefined && (found.mode & S_IFMT) === S_IFDIR) {
		refuseFolded(parentOf(file), nameOf(file))
		return false
	}
	if (found !== undefined) unlinkSync(forFs(file))
	mkdirSync(forFs(file), 0o700)
	return true
}
