// What node cannot call: nanosecond times, extended attributes, device nodes and FIFOs, straight from
// libc through koffi. Loading koffi costs 10 ms and a call 2 us, so it is loaded when first asked for.

import {createRequire} from 'node:module'
import type {Path} from '../base/path.ts'
import type {StatxWords} from '../format/statx.ts'
import {hasDescriptors, pathOf, UNNAMED} from './descriptors.ts'
import {type Abi, type Call, type Caller, DARWIN, LINUX, systemError, terminated} from './libc.ts'
import {xattrCalls} from './native-xattrs.ts'
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
		...xattrCalls(call, abi),
	}
}

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
