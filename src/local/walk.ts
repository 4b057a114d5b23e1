// The files below a root in the order of their paths, one directory in memory at a time a level.
//
// Synchronous calls: promises cost five times the CPU (3.6 us a file here, 17 there). Whoever
// changes the tree while it is walked can make the walk list the names of another directory in
// place of one of its own; the reader of a file checks that it is the one that was listed.

import {type Dirent, readdirSync} from 'node:fs'
import {errnoOf, fatal} from '../base/errors.ts'
import {forFs, type Path, ROOT, unsafe, withoutSlash} from '../base/path.ts'
import {S_IFDIR, S_IFMT} from '../format/mode.ts'
import {Lookup} from './lookup.ts'
import {lstatExact, placeOf, type Stat} from './stat.ts'

/** s3r's own directory, never walked. */
const OWN = '.s3rsync'

export type Entry = {readonly path: Path; readonly stat: Stat}

export type WalkOptions = {
	/** Refuses paths; a directory that is refused is not read. The root itself is not asked for. */
	readonly select?: ((path: Path, isDirectory: boolean) => boolean) | undefined
	/** Mount points are yielded, but not what is mounted there (rsync -x). */
	readonly oneFileSystem?: boolean | undefined
	/** Told of what cannot be read; the walk goes on. Nothing is said of files that vanish meanwhile. */
	readonly onError: (path: Path, error: unknown) => void
}

/** Paths that were asked for, by component: `true` is everything from there on. */
type Asked = Map<string, Asked | true>

/** A directory half walked: what is left of its names, last first; directories' end in '/'. */
type Level = {readonly path: Path; readonly names: string[]; readonly asked: Asked | true}

/**
 * Yields everything below `root`, an absolute directory (a string is Unicode, a Buffer bytes), and
 * `root` itself as './', in byte order of paths. Links are never followed.
 */
export const walk = (root: string | Buffer, options: WalkOptions): Generator<Entry> =>
	new Walk(root, options).from(true)

/**
 * Yields the given paths, what lies below those that are directories, and the directories that lead
 * to them (not the root), each once and in byte order. Paths that are missing, lead through something
 * that is no directory, or would leave the root go to `onError`.
 */
export function walkPaths(
	root: string | Buffer,
	paths: Iterable<Path>,
	options: WalkOptions,
): Generator<Entry> {
	const asked: Asked = new Map()
	for (const path of paths) {
		const why = unsafe(path)
		if (path === ROOT) return walk(root, options)
		if (why === undefined) ask(asked, withoutSlash(path).split('/'))
		else options.onError(path, fatal(why))
	}
	return new Walk(root, options).from(asked)
}

function ask(asked: Asked, [name = '', ...rest]: string[]): void {
	const known = asked.get(name)
	if (known === true) return
	const inner: Asked | true = rest.length === 0 || (known ?? new Map())
	asked.set(name, inner)
	if (inner !== true) ask(inner, rest)
}

class Walk {
	readonly base: Path
	readonly options: WalkOptions
	readonly #lookup = new Lookup()

	constructor(root: string | Buffer, options: WalkOptions) {
		this.base = placeOf(root) === '/' ? '/' : `${placeOf(root)}/`
		this.options = options
	}

	*from(asked: Asked | true): Generator<Entry> {
		try {
			const root = this.stat('', ROOT)
			if (root === undefined) return
			const stack = [this.open('', asked)]
			for (let level = stack.at(-1); level !== undefined; level = stack.at(-1)) {
				const name = level.names.pop()
				if (name === undefined) {
					stack.pop()
					continue
				}
				const stat = this.stat(level.path, name)
				if (stat === undefined) continue
				const path = level.path + name
				yield {path, stat}
				const isMount = this.options.oneFileSystem === true && stat.dev !== root.dev
				if (name.endsWith('/') && path !== ROOT && !isMount) stack.push(this.open(path, below(level, name)))
			}
		} finally {
			this.#lookup.close()
		}
	}

	/** A directory's names in order, as far as they are selected. One that cannot be read has none. */
	open(path: Path, asked: Asked | true): Level {
		const names = asked === true ? this.read(path) : this.find(path, asked)
		const {select} = this.options
		const selected = select === undefined ? names : names.filter((n) => select(path + n, n.endsWith('/')))
		if (path === '' && asked === true) selected.push(ROOT)
		return {path, names: selected.toSorted().toReversed(), asked}
	}

	read(path: Path): string[] {
		const directory = this.base + path
		try {
			return namesIn(directory).filter((name) => name !== OWN && name !== `${OWN}/`)
		} catch (error) {
			if (path === '' || errnoOf(error) !== 'ENOENT') this.options.onError(path || ROOT, error)
			return []
		}
	}

	/** The asked-for names that exist, with '/' where they are directories. */
	find(path: Path, asked: Asked): string[] {
		return [...asked].flatMap(([name, rest]) => {
			try {
				const stat = lstatExact(this.base + path + name)
				if (stat === undefined) throw systemError('ENOENT')
				const isDirectory = isOfDirectory(stat.mode)
				if (!isDirectory && rest !== true) throw systemError('ENOTDIR')
				return [isDirectory ? `${name}/` : name]
			} catch (error) {
				for (const leaf of leaves(path + name, rest)) this.options.onError(leaf, error)
				return []
			}
		})
	}

	/** Of a name in a directory; those of directories end in '/'. */
	stat(directory: Path, name: Path): Stat | undefined {
		try {
			const stat = this.#lookup.lstat(this.base + directory, withoutSlash(name))
			if (stat === undefined && name === ROOT) throw systemError('ENOENT')
			if (stat === undefined || isOfDirectory(stat.mode) === name.endsWith('/')) return stat
			throw fatal('its type changed while its directory was read')
		} catch (error) {
			this.options.onError(directory + name, error)
			return undefined
		}
	}
}

/** What was asked for below one name of a level. */
const below = (level: Level, name: string): Asked | true =>
	level.asked === true ? true : (level.asked.get(withoutSlash(name)) ?? true)

/** The paths that were asked for from `path` on. */
function* leaves(path: Path, asked: Asked | true): Generator<Path> {
	if (asked === true) yield path
	else for (const [name, rest] of asked) yield* leaves(`${path}/${name}`, rest)
}

/**
 * The names in a directory as byte strings, unordered; directories' end in '/'. Where a file system
 * keeps no types beside the names, node asks for each by a name it has decoded wrongly, or that is gone,
 * and fails: then they are asked for here.
 */
function namesIn(directory: Path): string[] {
	let entries: Dirent[]
	try {
		entries = readdirSync(forFs(directory), {encoding: 'latin1', withFileTypes: true})
	} catch {
		return readdirSync(forFs(directory), 'latin1').map((name) =>
			slashed(name, isOfDirectory(lstatExact(directory + name)?.mode ?? 0)),
		)
	}
	return entries.map((entry) => slashed(entry.name, entry.isDirectory()))
}

const slashed = (name: string, isDirectory: boolean): string => (isDirectory ? `${name}/` : name)

const isOfDirectory = (mode: number): boolean => (mode & S_IFMT) === S_IFDIR

const systemError = (code: string): Error => Object.assign(new Error(code), {code})
