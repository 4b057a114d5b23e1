// Paths are byte strings: one char a byte, so that any file name survives and `<` is byte order.
//
// A path is relative to the root, '/'-separated. A directory's path ends in '/', so that the order
// of paths is the order of S3's keys; the root itself is './'.

import {isUtf8} from 'node:buffer'

/** A file name or path as bytes, one char (0-255) each. */
export type Path = string

/** The path of the root directory itself. */
export const ROOT: Path = './'

/** Bytes of the longest name in a directory: NAME_MAX of limits.h. */
export const NAME_LIMIT = 255

const ASCII = /^[\u0000-\u007f]*$/

/** The bytes of a path. */
export const toBytes = (path: Path): Buffer => Buffer.from(path, 'latin1')

/** The path whose bytes these are. */
export const fromBytes = (bytes: Buffer): Path => bytes.toString('latin1')

/** The path of a name given in Unicode (an argument, a key): its UTF-8 bytes. */
export const fromUnicode = (text: string): Path =>
	ASCII.test(text) ? text : Buffer.from(text, 'utf8').toString('latin1')

/** The path as Unicode, or undefined if its bytes are not valid UTF-8. */
export function toUnicode(path: Path): string | undefined {
	if (ASCII.test(path)) return path
	const bytes = toBytes(path)
	return isUtf8(bytes) ? bytes.toString('utf8') : undefined
}

/** What node:fs takes for this path: the string itself when it is ASCII, else its bytes. */
export const forFs = (path: Path): string | Buffer => (ASCII.test(path) ? path : toBytes(path))

/** Whether the path is that of a directory. */
export const isDirectory = (path: Path): boolean => path.endsWith('/')

/** The path without a directory's final '/'. */
export const withoutSlash = (path: Path): Path => (path.endsWith('/') ? path.slice(0, -1) : path)

/** The directory a path lies in ('' for one in the root, and for '/'), with its final '/'. */
export const parentOf = (path: Path): Path =>
	path === '/' ? '' : path.slice(0, path.lastIndexOf('/', path.length - 2) + 1)

/** The last component of a path, without a directory's final '/'. */
export const nameOf = (path: Path): Path => withoutSlash(path.slice(parentOf(path).length))

/** `path` as an absolute path, seen from `cwd`, without '.' and '..'. */
export function absolute(cwd: Path, path: Path): Path {
	const parts: Path[] = []
	for (const part of (path.startsWith('/') ? path : `${cwd}/${path}`).split('/')) {
		if (part === '..') parts.pop()
		else if (part !== '' && part !== '.') parts.push(part)
	}
	return `/${parts.join('/')}`
}

/** Byte order of two paths: negative, zero or positive. */
export const comparePaths = (a: Path, b: Path): number => (a < b ? -1 : a > b ? 1 : 0)

/**
 * What is wrong with a path is a component that is empty or begins with '.', or a NUL. Most have neither: to see that takes 50 ns, to look
 * at each component 320.
 */
const SUSPECT = /^$|^[./]|\/[./]|\0/

/**
 * Why a path cannot be a file below the root, or undefined if it can. Empty, '.' and '..'
 * components, an absolute path, NUL, and anything inside a '.s3rsync' (in any case, for file
 * systems that fold it) are refused.
 */
export function unsafe(path: Path): string | undefined {
	if (path === ROOT || !SUSPECT.test(path)) return undefined
	if (path === '' || path === '/') return 'the name is empty'
	if (path.startsWith('/')) return 'the path is absolute'
	if (path.includes('\0')) return 'the name holds a NUL'
	for (const part of withoutSlash(path).split('/')) {
		if (part === '') return 'the path has an empty component'
		if (part === '.' || part === '..') return `the path has a component '${part}'`
		if (part.toLowerCase() === '.s3rsync') return "the path lies in '.s3rsync'"
	}
	return undefined
}
