// Which files take part: the rules of the command line first, then the ignore files.

import {existsSync, readFileSync} from 'node:fs'
import {errnoOf} from '../base/errors.ts'
import {forFs, parentOf, type Path, unsafe} from '../base/path.ts'
import {type FilterRules, FilterWalk} from '../format/filter.ts'
import {IgnoreStack, parseIgnore} from '../format/gitignore.ts'
import type {Select} from './scan.ts'

/** The ignore file of a directory; its semantics are those of .gitignore. */
const IGNORE_FILE = '.s3rignore'

export type SelectOptions = {
	readonly root: Path
	/** The `.s3rsync` of the root, whose info/exclude counts for everything. */
	readonly dir: Path
	readonly rules: FilterRules
}

function readIfThere(file: Path): string | undefined {
	// most directories have none, and an error costs ten times the question
	if (!existsSync(forFs(file))) return undefined
	try {
		return readFileSync(forFs(file), 'latin1')
	} catch (error) {
		const code = errnoOf(error)
		if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') return undefined
		throw error
	}
}

/**
 * The selection of a local side. An include rule of the
 * command line brings back what an ignore file names.
 */
export function selection({root, dir, rules}: SelectOptions): Select {
	const filter = new FilterWalk(rules.on('sender'), readIfThere)
	const ignores = new Ignores(root, dir)
	return (path, isDirectory) => {
		const rule = filter.decide(path, isDirectory)
		if (rule !== undefined) return rule.kind === 'include'
		return !ignores.ignores(path, isDirectory)
	}
}

/** The ignore files on the way to the path that was last asked for. */
class Ignores {
	readonly #root: Path
	readonly #stack = new IgnoreStack()
	/** The directories that the stack was built for, each with whether it has an ignore file. */
	readonly #directories: {readonly path: Path; readonly has: boolean}[] = []

	constructor(root: Path, dir: Path) {
		this.#root = root === '/' ? '' : root
		const text = readIfThere(`${dir}/info/exclude`)
		if (text !== undefined) this.#stack.push(parseIgnore(text, '', '.s3rsync/info/exclude'))
	}

	ignores(path: Path, isDirectory: boolean): boolean {
		this.#enter(parentOf(path))
		const rule = this.#stack.decide(path, isDirectory)
		return rule !== undefined && !rule.negated
	}

	/** Makes the stack hold what counts in a directory; files of deeper ones do no harm, and may be asked for again. */
	#enter(directory: Path): void {
		for (
			let top = this.#directories.at(-1);
			top && !isOneWay(top.path, directory);
			top = this.#directories.at(-1)
		) {
			this.#directories.pop()
			if (top.has) this.#stack.pop()
		}
		if (this.#directories.at(-1)?.path.startsWith(directory)) return
		if (directory !== '') this.#enter(parentOf(directory))
		// a key may name what is no path below the root
		if (directory !== '' && unsafe(directory) !== undefined) return
		const text = readIfThere(`${this.#root}/${directory}${IGNORE_FILE}`)
		if (text !== undefined) this.#stack.push(parseIgnore(text, directory, directory + IGNORE_FILE))
		this.#directories.push({path: directory, has: text !== undefined})
	}
}

/** Whether one of two directories leads to the other. */
const isOneWay = (a: Path, b: Path): boolean => a.startsWith(b) || b.startsWith(a)
