// Files named by an open descriptor, so that nobody can put another in their place: Linux's openat(2),
// as far as node can have it.

import {chmodSync, closeSync, constants, existsSync, fchmodSync, openSync} from 'node:fs'
import {errnoOf} from '../base/errors.ts'
import {forFs, type Path} from '../base/path.ts'

const DESCRIPTORS = '/proc/self/fd'

/** Whether a descriptor can be used as a path here. */
export const hasDescriptors = process.platform === 'linux' && existsSync(DESCRIPTORS)

/** Names a file without opening it, for which no right is needed. Linux only; not in node's constants. */
const O_PATH = 0o10000000

/** Opens the directory itself, not what a link names; ENOTDIR or ELOOP if it is none. */
export const openDirectory = (file: Path): number =>
	openSync(
		forFs(file),
		constants.O_DIRECTORY | constants.O_NOFOLLOW | (hasDescriptors ? O_PATH : constants.O_RDONLY),
	)

/** How a file is opened that has no name, and is gone when it is closed unless it was given one. Linux only; not in node's constants. */
export const UNNAMED = 0o20000000 | constants.O_DIRECTORY | constants.O_RDWR

/** Opens a new file in a directory, named `prefix` with its final '/', that has no name yet; undefined where there are none. */
export function openUnnamed(prefix: Path, mode = 0o600): number | undefined {
	try {
		return openSync(forFs(prefix), UNNAMED, mode)
	} catch (error) {
		if (UNKNOWN.has(errnoOf(error) ?? '')) return undefined
		throw error
	}
}

/** What file systems and kernels that know no O_TMPFILE say to it. */
const UNKNOWN = new Set(['EINVAL', 'EISDIR', 'ENOENT', 'ENOSYS', 'EOPNOTSUPP', 'ENOTSUP'])

/** The path that means the file of a descriptor. Only where hasDescriptors. */
export const pathOf = (fd: number): Path => `${DESCRIPTORS}/${fd}`

/** fchmod(2), which a descriptor of openDirectory does not allow. */
export const changeModeOf = (fd: number, mode: number): void =>
	hasDescriptors ? chmodSync(pathOf(fd), mode) : fchmodSync(fd, mode)

/** chmod(2) of the file itself: what it names, should it be a link by then, keeps its mode where hasDescriptors. */
export function changeMode(file: Path, mode: number): void {
	if (!hasDescriptors) return chmodSync(forFs(file), mode)
	const fd = openSync(forFs(file), O_PATH | constants.O_NOFOLLOW)
	try {
		changeModeOf(fd, mode)
	} finally {
		closeSync(fd)
	}
}
