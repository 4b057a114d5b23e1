// The names below a root in the order of their paths, one directory in memory at a time a level. Who goes through them says when
// a file is looked at, and when a directory is begun with.

import {textAt} from '../base/bytes.ts'
import {errnoOf, fatal} from '../base/errors.ts'
import {type Path, ROOT, withoutSlash} from '../base/path.ts'
import {isDirectoryMode} from '../format/mode.ts'
import {Lookup, type LookupOptions} from './lookup.ts'
import {Names} from './names.ts'
import {lstatExact} from './stat.ts'

/** s3r's own directory, never walked. */
const OWN: ReadonlySet<Path> = new Set(['.s3rsync', '.s3rsync/'])
const DOT = 0x2e

export type TreeOptions = LookupOptions & {
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
export type Asked = Map<string, Asked | true>

/** A directory half gone through: its names, and the number of the next one. */
export type Level = {
	readonly path: Path
	/** Where it lies, absolute and with a final '/'. */
	readonly place: Path
	readonly names: Names
	next: number
	readonly asked: Asked | true
}

export class Tree {
	readonly lookup: Lookup
	/** As in the options; may be another for a time. */
	onError: TreeOptions['onError']
	readonly #base: Path
	readonly #options: TreeOptions
	/** What is gone through now: the root, a directory in it, and so on. */
	readonly #stack: Level[] = []
	/** Room for the names of each of these. */
	readonly #names: Names[] = []
	/** Where the name is that was come to last. */
	#level: Level = {path: '', place: '', names: namesOf(ROOT), next: 0, asked: true}
	#device: number | bigint = 0

	/** Of what lies below `base`, an absolute path with a final '/'. */
	constructor(base: Path, options: TreeOptions) {
		this.#base = base
		this.#options = options
		this.onError = options.onError
		this.lookup = new Lookup(options)
	}

	/** Looks at the root and begins with it; false if it is not there. */
	begin(asked: Asked | true): boolean {
		this.#level = {...this.#level, place: this.#base, next: 1}
		if (!this.look()) return false
		this.#device = this.lookup.stat.dev
		this.#open('', asked)
		return true
	}

	/** Comes to the next name; false where there is none. */
	advance(): boolean {
		for (let level = this.#stack.at(-1); level !== undefined; level = this.#stack.at(-1)) {
			if (level.next < level.names.count) {
				level.next++
				this.#level = level
				return true
			}
			this.#stack.pop()
			this.lookup.leave(level.place)
		}
		return false
	}

	/** The directory of the name that was come to. */
	get level(): Level {
		return this.#level
	}

	/** Where that name begins in the bytes of its level. */
	get start(): number {
		return this.#level.names.start(this.#level.next - 1)
	}

	/** Looks at the file; whether there is something to say of it. */
	look(): boolean {
		return this.lookAt(this.#level, this.#level.names.bytes, this.start)
	}

	/** The same of a name in a directory. */
	lookAt({path, place}: Pick<Level, 'path' | 'place'>, bytes: Buffer, start: number): boolean {
		const {lookup} = this
		try {
			const isThere = lookup.look(place, bytes, start)
			if (!isThere && path === '' && textAt(bytes, start) === ROOT) throw systemError('ENOENT')
			if (!isThere || isDirectoryMode(lookup.stat.mode) === lookup.isNamedDirectory) return isThere
			throw fatal('its type changed while its directory was read')
		} catch (error) {
			this.onError(path + textAt(bytes, start), error)
			return false
		}
	}

	/** Begins with what lies in the directory that was looked at last, if that is to be gone into. */
	enter(): void {
		const {path, names, next, asked} = this.#level
		const name = names.text(next - 1)
		if (name === ROOT && path === '') return
		if (this.#options.oneFileSystem === true && this.lookup.stat.dev !== this.#device) return
		this.#open(path + name, asked === true ? true : (asked.get(withoutSlash(name)) ?? true))
	}

	/** Begins with the names of a directory, as far as they are selected. One that cannot be read has none. */
	#open(path: Path, asked: Asked | true): void {
		const names = (this.#names[this.#stack.length] ??= new Names())
		names.clear()
		const place = this.#base + path
		if (asked === true) this.#read({path, place}, names)
		else this.#find(path, asked, names)
		const {select, takesPlain} = this.#options
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

	#read({path, place}: Pick<Level, 'path' | 'place'>, names: Names): void {
		try {
			this.lookup.read(place, names)
		} catch (error) {
			names.clear()
			if (path === '' || errnoOf(error) !== 'ENOENT') this.onError(path || ROOT, error)
		}
	}

	/** Takes the asked-for names that exist, with '/' where they are directories. */
	#find(path: Path, asked: Asked, names: Names): void {
		for (const [name, rest] of asked) {
			try {
				const stat = lstatExact(this.#base + path + name)
				if (stat === undefined) throw systemError('ENOENT')
				const isDirectory = isDirectoryMode(stat.mode)
				if (!isDirectory && rest !== true) throw systemError('ENOTDIR')
				names.add(name, isDirectory)
			} catch (error) {
				for (const leaf of leaves(path + name, rest)) this.onError(leaf, error)
			}
		}
	}
}

function namesOf(name: Path): Names {
	const names = new Names()
	names.add(name)
	return names
}

/** The paths that were asked for from `path` on. */
function* leaves(path: Path, asked: Asked | true): Generator<Path> {
	if (asked === true) yield path
	else for (const [name, rest] of asked) yield* leaves(`${path}/${name}`, rest)
}

const systemError = (code: string): Error => Object.assign(new Error(code), {code})
