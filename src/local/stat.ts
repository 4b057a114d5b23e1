// One lstat, in exact values. In src/local a `file` is the absolute place of a file as a byte
// string (see base/path.ts); a `path` is relative to a root.

import {type BigIntStats, lstatSync} from 'node:fs'
import {forFs, fromBytes, fromUnicode, type Path} from '../base/path.ts'
import {S_IFBLK, S_IFCHR, S_IFMT} from '../format/mode.ts'

export type Device = {readonly major: number; readonly minor: number}

/** What lstat(2) says. A directory's path, not its Stat, ends in '/'. */
export type Stat = {
	/** st_mode with its type bits. */
	readonly mode: number
	/** Bytes; of a symlink the length of its target. */
	readonly size: number
	/** Nanoseconds since the epoch, as ctime. */
	readonly mtime: bigint
	readonly ctime: bigint
	/** A number where it is a safe integer, so that two of the same file are `===`. */
	readonly ino: number | bigint
	readonly dev: number | bigint
	readonly nlink: number
	readonly uid: number
	readonly gid: number
	/** 512-byte blocks on the disk. */
	readonly blocks: number
	/** Of a device node; 0, 0 of everything else. */
	readonly rdev: Device
}

export const NO_DEVICE: Device = {major: 0, minor: 0}

/** Whether a mode is that of a block or character device. */
export const isDevice = (mode: number): boolean => (mode & S_IFMT) === S_IFBLK || (mode & S_IFMT) === S_IFCHR

/** A directory of the user's as a byte string without a final '/': a string is Unicode, a Buffer bytes. */
export function placeOf(directory: string | Buffer): Path {
	const bytes = typeof directory === 'string' ? fromUnicode(directory) : fromBytes(directory)
	return bytes.length > 1 && bytes.endsWith('/') ? bytes.slice(0, -1) : bytes
}

/** What lstat says of a file, or undefined if there is none. Throws every other system error. */
export function lstatExact(file: Path): Stat | undefined {
	const stats = lstatSync(forFs(file), {bigint: true, throwIfNoEntry: false})
	return stats === undefined ? undefined : exactly(stats)
}

/** The Stat of node's own (an fstat's, too). */
export function exactly(stats: BigIntStats): Stat {
	const mode = Number(stats.mode)
	return {
		mode,
		size: Number(stats.size),
		mtime: stats.mtimeNs,
		ctime: stats.ctimeNs,
		ino: small(stats.ino),
		dev: small(stats.dev),
		nlink: Number(stats.nlink),
		uid: Number(stats.uid),
		gid: Number(stats.gid),
		blocks: Number(stats.blocks),
		rdev: isDevice(mode) ? splitDevice(stats.rdev) : NO_DEVICE,
	}
}

/** Whether both are the same file with the same content, as far as lstat can tell. */
export const isSame = (a: Stat, b: Stat): boolean =>
	a.ino === b.ino &&
	a.dev === b.dev &&
	a.mode === b.mode &&
	a.size === b.size &&
	a.mtime === b.mtime &&
	a.ctime === b.ctime

/** What tells one state of a file from another. */
export type Fingerprint = {readonly size: number; readonly ino: bigint; readonly ctime: bigint}

/** Whether a file is what it was then. */
export const isAsSeen = (now: Pick<Stat, keyof Fingerprint>, seen: Fingerprint): boolean =>
	now.size === seen.size && now.ctime === seen.ctime && BigInt(now.ino) === seen.ino

/** A number where it is a safe integer. */
export function small(value: bigint): number | bigint {
	const number = Number(value)
	return Number.isSafeInteger(number) ? number : value
}

/** Major and minor of a dev_t, as makedev(3) packs them. */
export function splitDevice(dev: bigint): Device {
	if (process.platform === 'darwin')
		return {major: Number((dev >> 24n) & 0xffn), minor: Number(dev & 0xffffffn)}
	return {
		major: Number(((dev >> 8n) & 0xfffn) | ((dev >> 32n) & 0xfffff000n)),
		minor: Number((dev & 0xffn) | ((dev >> 12n) & 0xffffff00n)),
	}
}

/** The dev_t of a major and a minor. */
export function joinDevice({major, minor}: Device): bigint {
	const [a, b] = [BigInt(major), BigInt(minor)]
	if (process.platform === 'darwin') return (a << 24n) | b
	return ((a & 0xfffn) << 8n) | ((a & 0xfffff000n) << 32n) | (b & 0xffn) | ((b & 0xffffff00n) << 12n)
}
