// Which paths a pattern of a filter rule matches: PATTERN MATCHING RULES in rsync(1).
//
// A pattern without '/' and without `**` is matched against the name; one that begins with '/' against the
// whole path; others against as many components at the end as they have themselves, or, with `**`, against
// what follows any '/'.

import {nameOf, type Path} from '../base/path.ts'
import {wildcardSource} from './pattern.ts'

/** Whether a pattern matches a path, which has no final '/'. */
export type Matcher = (path: Path, isDirectory: boolean) => boolean

type Pattern = {readonly pattern: Path; readonly absolute?: boolean | undefined}

/** Compiles a pattern; `root` (absolute, without a final '/') is what absolute ones look at, too. */
export function compilePattern({pattern, absolute = false}: Pattern, root: Path): Matcher {
	const slashes = pattern.split('/').length - 1
	const isDeep = pattern.includes('**')
	const text = textOf({byName: slashes === 0 && !isDeep, fromRoot: absolute && root !== '', pattern, root})
	const isAnchored = pattern.startsWith('/')
	const bare = isAnchored ? pattern.slice(1) : pattern
	if (!/[*?[]/.test(pattern)) return literal(bare, isAnchored, text)

	const suffix = /^\*([^*?[\\/]+)$/.exec(pattern)?.[1]
	if (suffix !== undefined) return (path) => path.endsWith(suffix)
	const source = wildcardSource(bare, 'rsync')
	if (source === undefined) return () => false
	const isAnywhere = !isAnchored && isDeep && !pattern.startsWith('**')
	const regexp = new RegExp(`${isAnywhere ? '(?:^|/)' : '^'}${source}$`)
	if (isAnchored || isDeep || slashes === 0) return (path, isDir) => regexp.test(text(path, isDir))
	return (path, isDir) => {
		const tail = lastComponents(text(path, isDir), slashes + 1)
		return tail !== undefined && regexp.test(tail)
	}
}

type Look = {
	readonly byName: boolean
	readonly fromRoot: boolean
	readonly pattern: Path
	readonly root: Path
}

/** What of a path a pattern is matched against. */
function textOf({byName, fromRoot, pattern, root}: Look): (path: Path, isDirectory: boolean) => Path {
	if (byName) return nameOf
	// a leading `**` + `/` matches at the root too, and a final `/***` the directory itself
	const before = fromRoot ? `${root.slice(1)}/` : pattern.startsWith('**') ? '/' : ''
	const after = pattern.includes('**') && pattern.endsWith('***') ? '/' : ''
	if (before === '' && after === '') return (path) => path
	return (path, isDirectory) => before + path + (isDirectory ? after : '')
}

/** Without a wildcard nothing is an escape, and no regular expression is needed. */
function literal(pattern: Path, isAnchored: boolean, text: (path: Path, isDir: boolean) => Path): Matcher {
	if (isAnchored) return (path, isDir) => text(path, isDir) === pattern
	const tail = `/${pattern}`
	return (path, isDir) => {
		const whole = text(path, isDir)
		return whole === pattern || whole.endsWith(tail)
	}
}

/** So many components from the end of a path; undefined if it has not as many. */
function lastComponents(path: Path, count: number): Path | undefined {
	let at = path.length
	for (let left = count; left > 0; left--) {
		if (at < 0) return undefined
		at = at === 0 ? -1 : path.lastIndexOf('/', at - 1)
	}
	return path.slice(at + 1)
}
