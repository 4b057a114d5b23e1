// libc as koffi has it: the shape of its functions, its numbers, and its errors, on the two systems whose calls differ.

import {getSystemErrorName} from 'node:util'
import {type Path, toBytes} from '../base/path.ts'

export type Abi = {
	readonly signatures: Readonly<Record<string, string>>
	readonly AT_FDCWD: number
	readonly AT_SYMLINK_NOFOLLOW: number
	/** Where linkat can give a file of /proc/self/fd a name. */
	readonly AT_SYMLINK_FOLLOW?: number
	readonly AT_EMPTY_PATH?: number
	readonly UTIME_OMIT: bigint
	/** What the xattr calls take after their common arguments so as not to follow a link. */
	readonly xattr: {
		readonly list: number[]
		readonly get: number[]
		readonly set: number[]
		readonly remove: number[]
	}
}

export const LINUX: Abi = {
	signatures: {
		utimensat: 'int utimensat(int, const void *, const void *, int)',
		futimens: 'int futimens(int, const void *)',
		list: 'long llistxattr(const void *, void *, size_t)',
		get: 'long lgetxattr(const void *, const void *, void *, size_t)',
		set: 'int lsetxattr(const void *, const void *, const void *, size_t, int)',
		remove: 'int lremovexattr(const void *, const void *)',
		mknod: 'int mknod(const void *, uint32_t, uint64_t)',
		linkat: 'int linkat(int, const void *, int, const void *, int)',
	},
	AT_FDCWD: -100,
	AT_SYMLINK_NOFOLLOW: 0x100,
	AT_SYMLINK_FOLLOW: 0x400,
	AT_EMPTY_PATH: 0x1000,
	UTIME_OMIT: (1n << 30n) - 2n,
	xattr: {list: [], get: [], set: [0], remove: []},
}

const XATTR_NOFOLLOW = 1

export const DARWIN: Abi = {
	signatures: {
		utimensat: 'int utimensat(int, const void *, const void *, int)',
		futimens: 'int futimens(int, const void *)',
		list: 'long listxattr(const void *, void *, size_t, int)',
		get: 'long getxattr(const void *, const void *, void *, size_t, uint32_t, int)',
		set: 'int setxattr(const void *, const void *, const void *, size_t, uint32_t, int)',
		remove: 'int removexattr(const void *, const void *, int)',
		mknod: 'int mknod(const void *, uint16_t, int32_t)',
	},
	AT_FDCWD: -2,
	AT_SYMLINK_NOFOLLOW: 0x20,
	UTIME_OMIT: -2n,
	xattr: {
		list: [XATTR_NOFOLLOW],
		get: [0, XATTR_NOFOLLOW],
		set: [0, XATTR_NOFOLLOW],
		remove: [XATTR_NOFOLLOW],
	},
}

/** A call into libc: its result, or an error made of errno if that is -1. */
export type Call = (file: Path, ...args: (number | bigint | Buffer | BigInt64Array | null)[]) => number

/** Finds a function by its name; those arguments that come before the file are the same in each call. */
export type Caller = (name: string, ...first: number[]) => Call

/** What libc takes for a name. */
export const terminated = (text: Path): Buffer => toBytes(`${text}\0`)

/** The error that errno stands for, as node's. */
export function systemError(errno: number, syscall: string, file: Path): Error {
	const code = getSystemErrorName(-errno)
	return Object.assign(new Error(`${code}: ${syscall} '${file}'`), {code, errno: -errno, syscall})
}
