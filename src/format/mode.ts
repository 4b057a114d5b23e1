// st_mode: the type of a file and its permission bits, with the numbers of POSIX on every platform.

export const S_IFMT = 0o170000
const S_IFIFO = 0o010000
export const S_IFCHR = 0o020000
export const S_IFDIR = 0o040000
export const S_IFBLK = 0o060000
export const S_IFREG = 0o100000
export const S_IFLNK = 0o120000
const S_IFSOCK = 0o140000

export type FileType = 'file' | 'directory' | 'link' | 'fifo' | 'socket' | 'char' | 'block'

const TYPES: ReadonlyMap<number, FileType> = new Map([
	[S_IFREG, 'file'],
	[S_IFDIR, 'directory'],
	[S_IFLNK, 'link'],
	[S_IFIFO, 'fifo'],
	[S_IFSOCK, 'socket'],
	[S_IFCHR, 'char'],
	[S_IFBLK, 'block'],
])

/** What kind of file an st_mode is of, or undefined if its type bits name none. */
export const typeOf = (mode: number): FileType | undefined => TYPES.get(mode & S_IFMT)

export const isDirectoryMode = (mode: number): boolean => (mode & S_IFMT) === S_IFDIR

/** Whether a number is an st_mode: permission bits, and either a type that exists or none. */
export const isMode = (mode: number): boolean =>
	Number.isInteger(mode) &&
	mode >= 0 &&
	mode <= 0o177777 &&
	((mode & S_IFMT) === 0 || TYPES.has(mode & S_IFMT))
