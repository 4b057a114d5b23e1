// Files that `put` names, and the keys that they get.

import {closeSync, fchmodSync, lstatSync, openSync, realpathSync} from 'node:fs'
import {EXIT, fatal, reason, S3rError, usage} from '../base/errors.ts'
import {forFs, fromBytes, nameOf, parentOf, type Path, withoutSlash} from '../base/path.ts'
import {shown} from '../base/quote.ts'
import {keyOf} from '../format/key.ts'
import {writeFully} from '../local/write-fully.ts'
import {absolute, join, type Place} from '../repo/find.ts'
import type {Context} from './command.ts'

export type FileSource = {
	/** Below '/', without a final '/'. */
	readonly path: Path
	/** Its key, without a final '/'; what is in a directory is below it, or, where this is '', at the top. */
	readonly key: string
	/** The directory, with its final '/', that rsync would see its names from: itself, or that which it lies in. */
	readonly from: Path
}

export type SourceOptions = {
	readonly cwd: Path
	/** What the target's argument gave as its key. */
	readonly key: string
	readonly recursive: boolean | undefined
	readonly onError: (path: Path, error: unknown) => void
}

/**
 * What the arguments name. A link that is named stands for what it leads to. As in rsync, `d/` is what is in `d`,
 * and `d` is `d` with all that is in it. A usage error where two of them would get one key.
 */
export function sourcesOf(args: readonly Path[], options: SourceOptions): FileSource[] {
	const keys = new Map<string, Path>()
	return args.flatMap((arg) => {
		const source = sourceOf(arg, args.length, options)
		if (source === undefined) return []
		const other = keys.get(source.key)
		if (other !== undefined) throw usage(`${shown(other)} and ${shown(arg)} would get one key`)
		keys.set(source.key, arg)
		return [source]
	})
}

function sourceOf(
	arg: Path,
	count: number,
	{cwd, key, recursive, onError}: SourceOptions,
): FileSource | undefined {
	const file = absolute(cwd, arg)
	try {
		const stat = lstatSync(forFs(file))
		const real = stat.isSymbolicLink() ? fromBytes(realpathSync.native(forFs(file), 'buffer')) : file
		const isDirectory = lstatSync(forFs(real)).isDirectory()
		if (isDirectory && !recursive) throw fatal('it is a directory', '-r sends directories')
		const isNamed = key !== '' && !key.endsWith('/')
		if (isNamed && count > 1) throw usage("several files need a key that ends in '/'")
		const path = real.slice(1)
		return {
			path,
			key: isNamed ? key : withoutSlash(key + ownName(arg, file, isDirectory)),
			from: isContent(arg, isDirectory) ? `${path}/` : parentOf(path),
		}
	} catch (error) {
		if (error instanceof S3rError && error.status === EXIT.usage) throw error
		onError(arg, error)
		return undefined
	}
}

/** What a source adds to the key: its name, or nothing for what is in a directory. */
const ownName = (arg: Path, file: Path, isDirectory: boolean): string =>
	isContent(arg, isDirectory) ? '' : keyOf(nameOf(file))

/** Whether an argument means what is in a directory, and not the directory. */
const isContent = (arg: Path, isDirectory: boolean): boolean =>
	isDirectory && (arg.endsWith('/') || /(^|\/)\.\.?$/.test(arg))

/** The keys of sources and of what is in them. */
export class SourceKeys {
	readonly #keys: ReadonlyMap<Path, string>

	constructor(sources: readonly FileSource[]) {
		this.#keys = new Map(sources.map(({path, key}) => [path, key]))
	}

	/** The key of a path at or below a source, a directory's with a final '/'; undefined if it has none. */
	of(path: Path): string | undefined {
		for (let at = withoutSlash(path); at !== ''; at = withoutSlash(parentOf(at))) {
			const key = this.#keys.get(at)
			const rest = path.slice(at.length)
			if (key === '') return rest === '/' ? undefined : keyOf(rest.slice(1))
			if (key !== undefined) return key + keyOf(rest)
		}
		return undefined
	}
}

/** What comes on stdin, in a file of the scratch place: its MD5 is needed before its first byte is sent. */
export async function spooled({io, umask}: Context, scratch: Place, key: string): Promise<FileSource> {
	const suffix = /\.[A-Za-z0-9]+$/.exec(key)?.[0] ?? ''
	const file = join(scratch.dir, `stdin${suffix}`)
	const fd = openSync(forFs(file), 'wx', 0o600)
	try {
		for await (const chunk of io.stdinChunks()) writeFully(fd, chunk)
		fchmodSync(fd, 0o666 & ~umask)
	} catch (error) {
		throw fatal(`cannot write ${shown(file)}: ${reason(error)}`, undefined, error)
	} finally {
		closeSync(fd)
	}
	return {path: file.slice(1), key, from: parentOf(file.slice(1))}
}
