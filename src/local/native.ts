// What node cannot call: nanosecond times, extended attributes, device nodes and FIFOs, straight from
// libc through koffi. Loading koffi costs 10 ms and a call 2 us, so it is loaded when first asked for.

import {createRequire} from 'node:module'
import {getSystemErrorName} from 'node:util'
import {errnoOf} from '../base/errors.ts'
import {type Path, toBytes} from '../base/path.ts'
import type {StatxWords} from '../format/statx.ts'
import {hasDescriptors, pathOf, UNNAMED} from './descriptors.ts'
import {type Device, joinDevice} from './stat.ts'

/** None of these follows a symlink; all throw errors with node's `code` and `syscall`. */
export type Native = {
	/** Nanoseconds since the epoch; an undefined time stays as it is. */
	setTimes(file: Path, times: {atime?: bigint | undefined; mtime?: bigint | undefined}): void
	/** The same of an open file. */
	setTimesOf(fd: number, times: {atime?: bigint | undefined; mtime?: bigint | undefined}): void
	/** Opens a new file without a name in an open directory; -1 where that failed. Linux only. */
	readonly openUnnamed?: ((directory: number, mode: number) => number) | undefined
	/** Gives an open file that has no name this one, of an open directory or absolute; EEXIST where something has it. Linux only. */
	readonly link?: ((fd: number, name: Path, directory?: number) => void) | undefined
	/**
	 * Asks statx(2) for a name that ends in NUL, of an open directory, not following a link; false where that failed. `name` and
	 * `found`, a struct statx, are addresses, for to find the memory of a Buffer takes half as long as the call. Linux only.
	 */
	readonly statAt?: ((directory: number, name: number, found: number) => boolean) | undefined
	/** The same of an open file. */
	readonly statOf?: ((fd: number, found: number) => boolean) | undefined
	/** Where memory lies, as long as somebody holds it: node has V8 keep none of it in its heap, which moves. */
	readonly addressOf: (memory: Buffer | StatxWords) => number
	/** Reads struct dirent64 after struct dirent64 of an open directory: how many bytes, 0 at the end, -1 where that failed. Linux only. */
	readonly readDirectory?: ((directory: number, found: Buffer) => number) | undefined
	/** Gives the system back what malloc keeps for later. glibc only. */
	readonly trim?: (() => void) | undefined
	listXattrs(file: Path): string[]
	/** The value, or undefined if there is no such attribute. */
	getXattr(file: Path, name: string): Buffer | undefined
	setXattr(file: Path, name: string, value: Buffer): void
	removeXattr(file: Path, name: string): void
	/** A device, FIFO or socket node; `mode` holds its type and permissions. */
	mknod(file: Path, mode: number, device: Device): void
}

type Koffi = typeof import('koffi')

/** The shape of libc's functions, and its numbers, on the two systems whose calls differ. */
type Abi = {
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

const LINUX: Abi = {
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

const DARWIN: Abi = {
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

let loaded: {readonly native: Native | undefined} | undefined

/** The system calls node lacks, or undefined where koffi is not installed or does not know this system. */
export function native(): Native | undefined {
	loaded ??= {native: load()}
	return loaded.native
}

/** The same where somebody has asked for them before. */
export const nativeIfLoaded = (): Native | undefined => loaded?.native

function load(): Native | undefined {
	const abi = {linux: LINUX, darwin: DARWIN}[process.platform as string]
	if (abi === undefined) return undefined
	const koffi = installed()
	return koffi?.sizeof('long') === 8 ? bind(koffi, abi) : undefined
}

function installed(): Koffi | undefined {
	try {
		return createRequire(import.meta.url)('koffi')
	} catch {
		return undefined
	}
}

/** Not in the libc of every Linux. */
const GETDENTS = 'long getdents64(int, void *, size_t)'
const STATX = 'int statx(int, uintptr_t, int, uint32_t, uintptr_t)'
const STATX_BASIC_STATS = 0x7ff
const TRIM = 'int malloc_trim(size_t)'
// the mode is a variable argument, which Linux's calling conventions pass like any other
const OPENAT = 'int openat(int, uintptr_t, int, uint32_t)'
/** As node opens files; not in its constants. */
const O_CLOEXEC = 0o2000000
const HERE = Buffer.from('.\0')
const EMPTY = Buffer.from('\0')
const BILLION = 1_000_000_000n
const ENOENT = 2

function optional<T>(find: () => T): T | undefined {
	try {
		return find()
	} catch {
		return undefined
	}
}

/** A call into libc: its result, or an error made of errno if that is -1. */
type Call = (file: Path, ...args: (number | bigint | Buffer | BigInt64Array | null)[]) => number

function bind(koffi: Koffi, abi: Abi): Native {
	const libc = koffi.load(null)
	const calls = Object.fromEntries(
		Object.entries(abi.signatures).map(([name, signature]) => [name, libc.func(signature)]),
	)
	const call =
		(name: string, ...first: number[]): Call =>
		(file, ...args) => {
			const result = Number(calls[name]?.(...first, terminated(file), ...args))
			if (result === -1) throw systemError(koffi.errno(), name, file)
			return result
		}
	const ofLinux = (signature: string) =>
		abi.AT_SYMLINK_FOLLOW === undefined ? undefined : optional(() => libc.func(signature))
	const statx = ofLinux(STATX)
	const statAt: Native['statAt'] =
		statx &&
		((directory, name, found) =>
			statx(directory, name, abi.AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, found) === 0)
	const addressOf: Native['addressOf'] = (memory) => Number(koffi.address(memory))
	const [empty, here] = [addressOf(EMPTY), addressOf(HERE)]
	const statOf: Native['statOf'] =
		statx && ((fd, found) => statx(fd, empty, abi.AT_EMPTY_PATH, STATX_BASIC_STATS, found) === 0)
	const getdents = ofLinux(GETDENTS)
	const trim = ofLinux(TRIM)
	const openat = ofLinux(OPENAT)
	const readDirectory: Native['readDirectory'] =
		getdents && ((directory, found) => Number(getdents(directory, found, found.length)))
	const setTimesOf: Native['setTimesOf'] = (fd, wanted) => {
		if (Number(calls['futimens']?.(fd, timespecs(wanted, abi))) === -1)
			throw systemError(koffi.errno(), 'futimens', '')
	}
	return {
		...timesAndNodes(call, abi),
		setTimesOf,
		statAt,
		statOf,
		addressOf,
		readDirectory,
		trim: trim && (() => void trim(0)),
		openUnnamed: openat && ((directory, mode) => openat(directory, here, UNNAMED | O_CLOEXEC, mode)),
		link: linkOf(calls['linkat'], () => koffi.errno(), abi),
		...xattrs(call, abi),
	}
}

type Caller = (name: string, ...first: number[]) => Call

function timesAndNodes(call: Caller, abi: Abi): Pick<Native, 'setTimes' | 'mknod'> {
	const utimensat = call('utimensat', abi.AT_FDCWD)
	const mknod = call('mknod')
	return {
		setTimes: (file, wanted) => void utimensat(file, timespecs(wanted, abi), abi.AT_SYMLINK_NOFOLLOW),
		mknod: (file, mode, device) => void mknod(file, mode, joinDevice(device)),
	}
}

/** linkat(2) of a descriptor itself takes half the time, but only root may before Linux 6.10. */
function linkOf(
	linkat: ((...args: readonly (number | Buffer)[]) => number) | undefined,
	errno: () => number,
	{AT_FDCWD, AT_SYMLINK_FOLLOW, AT_EMPTY_PATH}: Abi,
): Native['link'] {
	if (!linkat || AT_SYMLINK_FOLLOW === undefined || AT_EMPTY_PATH === undefined || !hasDescriptors)
		return undefined
	let mayBeEmpty = true
	const isLinked = (fd: number, directory: number, name: Buffer): boolean => {
		if (mayBeEmpty && linkat(fd, EMPTY, directory, name, AT_EMPTY_PATH) === 0) return true
		if (mayBeEmpty && errno() !== ENOENT) return false
		mayBeEmpty = false
		return linkat(AT_FDCWD, terminated(pathOf(fd)), directory, name, AT_SYMLINK_FOLLOW) === 0
	}
	return (fd, name, directory = AT_FDCWD) => {
		if (!isLinked(fd, directory, terminated(name))) throw systemError(errno(), 'linkat', name)
	}
}

function xattrs(
	call: Caller,
	abi: Abi,
): Pick<Native, 'listXattrs' | 'getXattr' | 'setXattr' | 'removeXattr'> {
	const [list, get, set, remove] = [call('list'), call('get'), call('set'), call('remove')]
	return {
		listXattrs: (file) =>
			whole((buffer) => list(file, buffer, buffer?.length ?? 0, ...abi.xattr.list))
				.toString('latin1')
				.split('\0')
				.slice(0, -1),
		getXattr(file, name) {
			try {
				return whole((value) => get(file, terminated(name), value, value?.length ?? 0, ...abi.xattr.get))
			} catch (error) {
				if (ABSENT.has(errnoOf(error) ?? '')) return undefined
				throw error
			}
		},
		setXattr: (file, name, value) => void set(file, terminated(name), value, value.length, ...abi.xattr.set),
		removeXattr: (file, name) => void remove(file, terminated(name), ...abi.xattr.remove),
	}
}

/** An attribute that is not there: Linux, macOS. */
const ABSENT = new Set(['ENODATA', 'ENOATTR'])

/** The whole of what a call fills a buffer with, when asked for its length first; again if it grew meanwhile. */
function whole(fill: (buffer: Buffer | null) => number): Buffer {
	for (;;) {
		const buffer = Buffer.alloc(fill(null))
		if (buffer.length === 0) return buffer
		try {
			return buffer.subarray(0, fill(buffer))
		} catch (error) {
			if (errnoOf(error) !== 'ERANGE') throw error
		}
	}
}

const times = new BigInt64Array(4)

/** Two struct timespec, good until the next call: seconds rounded down, and nanoseconds that are never negative. */
function timespecs({atime, mtime}: Parameters<Native['setTimes']>[1], abi: Abi): BigInt64Array {
	for (const [i, ns] of [atime, mtime].entries()) {
		const part = ns === undefined ? abi.UTIME_OMIT : ((ns % BILLION) + BILLION) % BILLION
		times[2 * i] = ns === undefined ? 0n : (ns - part) / BILLION
		times[2 * i + 1] = part
	}
	return times
}

const terminated = (text: Path): Buffer => toBytes(`${text}\0`)

function systemError(errno: number, syscall: string, file: Path): Error {
	const code = getSystemErrorName(-errno)
	return Object.assign(new Error(`${code}: ${syscall} '${file}'`), {code, errno: -errno, syscall})
}
