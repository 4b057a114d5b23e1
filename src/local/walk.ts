// The files below a root in the order of their paths, one directory in memory at a time a level.
//
// Synchronous calls: promises cost five times the CPU (3.6 us a file here, 17 there). Whoever
// changes the tree while it is walked can make the walk list the names of another directory in
// place of one of its own; the reader of a file checks that it is the one that was listed.

import {textAt} from '../base/bytes.ts'
import {errnoOf, fatal} from '../base/errors.ts'
import {parentOf, type Path, ROOT, unsafe, withoutSlash} from '../base/path.ts'
import {isOfDirectory, Lookup, type LookupOptions} from './lookup.ts'
import {Names} from './names.ts'
import {lstatExact, placeOf, type Stat} from './stat.ts'
import {Statx} from './statx.ts'

/** s3r's own directory, never walked. */
const OWN: ReadonlySet<Path> = new Set(['.s3rsync', '.s3rsync/'])
const DOT = 0x2e

/** A file that was come to. What it says holds until the next one is asked for. */
export class Entry {
	/** The path is that of a directory ('', or with a final '/') and a name, which ends in NUL. */
	readonly directory: Path
	readonly bytes: Buffer
	readonly start: number
	readonly stat: Statx
	#path: Path | undefined

	constructor(directory: Path, bytes: Buffer, start: number, stat: Statx) {
		this.directory = directory
		this.bytes = bytes
		this.start = start
		this.stat = stat
	}

	static of(path: Path, stat: Stat): Entry {
		const directory = parentOf(path)
		return new Entry(directory, Buffer.from(`${path.slice(directory.length)}\0`, 'latin1'), 0, Statx.of(stat))
	}

	get path(): Path {
		return (this.#path ??= this.directory + textAt(this.bytes, this.start))
	}
}

export type WalkOptions = LookupOptions & {
	/** Refuses paths; a directory that is refused is not read. The root itself is not asked for. */
	readonly select?: ((path: Path, isDirectory: boolean) => boolean) | undefined
	/** Whether it need not be asked of what lies in a directory, unless a name begins with '.'. */
	readonly takesPlain?: ((directory: Path) => boolean) | undefined
	/** Mount points are yielded, but not what is mounted there (rsync -x). */
	readonly oneFileSystem?: boolean | undefined
	/** Told of what cannot be read; the walk goes on. Nothing is said of files that vanish meanwhile. */
	readonly onError: (path: Path, error: unknown) => void
}

/** Paths that were asked for, by component: `true` is everything from there on. */
type Asked = Map<string, Asked | true>

/** A directory half walked: its names, and the number of the next one. */
type Level = {
	readonly path: Path
	/** Where it lies, absolute and with a final '/'. */
	readonly place: Path
	readonly names: Names
	next: number
	readonly asked: Asked | true
}

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
	readonly #lookup: Lookup
	/** What is walked now: the root, a directory in it, and so on. */
	readonly #stack: Level[] = []
	/** Room for the names of each of these. */
	readonly #names: Names[] = []

	constructor(root: string | Buffer, options: WalkOptions) {
		this.base = placeOf(root) === '/' ? '/' : `${placeOf(root)}/`
		this.options = options
		this.#lookup = new Lookup(options)
	}

	*from(asked: Asked | true): Generator<Entry> {
		const {stat} = this.#lookup
		try {
			if (!this.look({path: '', place: this.base, names: namesOf(ROOT)}, 0)) return
			const device = stat.dev
			this.open('', asked)
			for (let level = this.#stack.at(-1); level !== undefined; level = this.#stack.at(-1)) {
				if (level.next === level.names.count) {
					this.#stack.pop()
					this.#lookup.leave(level.place)
					continue
				}
				const number = level.next++
				if (!this.look(level, number)) continue
				const entry = new Entry(level.path, level.names.bytes, level.names.start(number), stat)
				yield entry
				if (!isOfDirectory(stat.mode) || entry.path === ROOT) continue
				const isMount = this.options.oneFileSystem === true && stat.dev !== device
				if (!isMount) this.open(entry.path, below(level, entry.path.slice(level.path.length)))
			}
		} finally {
			this.#lookup.close()
		}
	}

	/** Begins with the names of a directory, as far as they are selected. One that cannot be read has none. */
	open(path: Path, asked: Asked | true): void {
		const names = (this.#names[this.#stack.length] ??= new Names())
		names.clear()
		const place = this.base + path
		if (asked === true) this.read({path, place}, names)
		else this.find(path, asked, names)
		const {select, takesPlain} = this.options
		const isAsked = select !== undefined && !takesPlain?.(path)
		names.keep((i) => {
			const isHidden = names.bytes[names.start(i)] === DOT
			if (!isHidden && !isAsked) return true
			const name = names.text(i)
			return (asked !== true || !OWN.has(name)) && (select?.(path + name, name.endsWith('/')) ?? true)
		})
		if (path === '' && asked === true) names.add(ROOT)
		names.sort()
		this.#stack.push({path, place, names, next: 0, asked})
	}

	read({path, place}: Pick<Level, 'path' | 'place'>, names: Names): void {
		try {
			this.#lookup.read(place, names)
		} catch (error) {
			names.clear()
			if (path === '' || errnoOf(error) !== 'ENOENT') this.options.onError(path || ROOT, error)
		}
	}

	/** Takes the asked-for names that exist, with '/' where they are directories. */
	find(path: Path, asked: Asked, names: Names): void {
		for (const [name, rest] of asked) {
			try {
				const stat = lstatExact(this.base + path + name)
				if (stat === undefined) throw systemError('ENOENT')
				const isDirectory = isOfDirectory(stat.mode)
				if (!isDirectory && rest !== true) throw systemError('ENOTDIR')
				names.add(name, isDirectory)
			} catch (error) {
				for (const leaf of leaves(path + name, rest)) this.options.onError(leaf, error)
			}
		}
	}

	/** Looks at name `i` of a directory; whether there is something to say of it. */
	look({path, place, names}: Pick<Level, 'path' | 'place' | 'names'>, i: number): boolean {
		try {
			const isThere = this.#lookup.lookAt(place, names, i)
			if (!isThere && path === '' && names.text(i) === ROOT) throw systemError('ENOENT')
			if (!isThere || isOfDirectory(this.#lookup.stat.mode) === this.#lookup.isNamedDirectory) return isThere
			throw fatal('its type changed while its directory was read')
		} catch (error) {
			this.options.onError(path + names.text(i), error)
			return false
		}
	}
}

function namesOf(name: Path): Names {
	const names = new Names()
	names.add(name)
	return names
}

/** What was asked for below one name of a level. */
const below = (level: Level, name: string): Asked | true =>
	level.asked === true ? true : (level.asked.get(withoutSlash(name)) ?? true)

/** The paths that were asked for from `path` on. */
function* leaves(path: Path, asked: Asked | true): Generator<Path> {
	if (asked === true) yield path
	else for (const [name, rest] of asked) yield* leaves(`${path}/${name}`, rest)
}

const systemError = (code: string): Error => Object.assign(new Error(code), {code})
