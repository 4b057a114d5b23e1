// What is on the remote and not in the list (--delete). See s3r-rsync(5), DELETION.

import {reason} from '../../base/errors.ts'
import {fromUnicode, isDirectory, parentOf, type Path, ROOT, withoutSlash} from '../../base/path.ts'
import {pool} from '../../base/pool.ts'
import {TYPE, typeOf} from '../../format/entry.ts'
import type {Found} from './catalogue.ts'
import type {Walk} from './filter.ts'
import type {FileList} from './flist.ts'
import type {Line} from './line.ts'
import {IO_ERROR, MSG} from './messages.ts'
import {told} from './told.ts'

/** Deletions under way at once. */
const WIDTH = 32

export type DeleterOptions = {
	readonly line: Line
	readonly walk: Walk
	/** Removes one object. */
	readonly remove: (found: Found) => Promise<void>
	/** Whether the list has a directory, with its content. */
	readonly hasContent: (directory: Path) => boolean | undefined
	/** The name in the list. */
	readonly nameOf: (path: Path) => Path
}

/** How many of each type were deleted, in the order in which they are told. */
export type Counts = readonly [
	files: number,
	directories: number,
	links: number,
	devices: number,
	specials: number,
]

export class Deleter {
	readonly #options: DeleterOptions
	readonly #counts: [number, number, number, number, number] = [0, 0, 0, 0, 0]
	#done = 0
	#skipped = 0

	constructor(options: DeleterOptions) {
		this.#options = options
	}

	get counts(): Counts {
		return this.#counts
	}

	/** Deletes those of `extraneous` that may be, which are in the reverse order of their paths. */
	async run(extraneous: readonly Found[]): Promise<void> {
		const {line, remove} = this.#options
		const {options} = line
		if (line.ioError & IO_ERROR.general && !options.ignoreErrors) {
			line.info('IO error encountered -- skipping file deletion')
			return
		}
		const chosen = await this.#chosen(extraneous)
		await pool(chosen, {width: WIDTH}, async ({name, found}) => {
			if (this.#done >= (options.maxDelete ?? Infinity)) {
				this.#skipped++
				return
			}
			this.#done++
			try {
				if (found && !options.dryRun) await remove(found)
				this.#tell(name, found)
			} catch (error) {
				line.ioError |= IO_ERROR.general
				line.fail(`s3r: cannot delete ${told(name)}: ${fromUnicode(reason(error))}`)
			}
		})
		if (this.#skipped > 0) {
			line.warn(`Deletions stopped due to --max-delete limit (${this.#skipped} skipped)`)
			line.ioError |= IO_ERROR.delLimit
		}
	}

	/** What is deleted, contents before their directory, also such directories as have no object. */
	async #chosen(extraneous: readonly Found[]): Promise<{name: Path; found: Found | undefined}[]> {
		const {nameOf, line} = this.#options
		const items = new Map<Path, Found | undefined>()
		for (const found of extraneous) {
			const name = nameOf(found.path)
			if (name === ROOT) continue
			items.set(name, found)
			for (let path = parentOf(name); path !== '' && this.#listed(path) === undefined; path = parentOf(path))
				if (!items.has(path)) items.set(path, undefined)
		}
		const sorted = [...items.keys()].toSorted((a, b) => (deletionKey(a) < deletionKey(b) ? 1 : -1))
		const {backup, backupDir} = line.options
		/** Directories in which something stays, be it the backup of what is deleted. */
		const kept = new Set<Path>()
		const keep = (name: Path): void => {
			for (let path = parentOf(name); path !== '' && !kept.has(path); path = parentOf(path)) kept.add(path)
		}
		const chosen: {name: Path; found: Found | undefined}[] = []
		for (const name of sorted) {
			const may = this.#mayDelete(name) && !(await this.#isProtected(name))
			if (may && !kept.has(name)) {
				if (backup && backupDir === undefined && !isDirectory(name)) keep(name)
				chosen.push({name, found: items.get(name)})
				continue
			}
			if (may) line.info(`cannot delete non-empty directory: ${withoutSlash(name)}`)
			keep(name)
		}
		return chosen
	}

	#listed(directory: Path): boolean | undefined {
		return this.#options.hasContent(directory)
	}

	/** Only in directories whose content is in the list, and in what is itself deleted. */
	#mayDelete(name: Path): boolean {
		for (let path = parentOf(name); ; path = parentOf(path)) {
			const content = this.#listed(path === '' ? ROOT : path)
			if (content !== undefined) return content
			if (path === '') return false
		}
	}

	async #isProtected(name: Path): Promise<boolean> {
		const {walk} = this.#options
		const above = parentOf(name)
		const inDeleted = above !== '' && this.#listed(above) === undefined
		if (await walk.decides(name, inDeleted)) return true
		// what lies in a directory that is itself protected is left with it
		for (let path = above; path !== '' && this.#listed(path) === undefined; path = parentOf(path))
			if (await walk.decides(path, parentOf(path) !== '' && this.#listed(parentOf(path)) === undefined))
				return true
		return false
	}

	/** Tells the client that what stood in the way of a file was deleted. */
	tell(found: Found): void {
		this.#tell(this.#options.nameOf(found.path), found)
	}

	#tell(name: Path, found: Found | undefined): void {
		const type = isDirectory(name) ? TYPE.directory : typeOf(found?.attributes.mode ?? 0)
		this.#count(type)
		const {line} = this.#options
		if (line.protocol < 29) return
		const text = isDirectory(name) ? `${withoutSlash(name)}\0` : name
		line.output.message(MSG.deleted, Buffer.from(text, 'latin1'))
	}

	#count(type: number): void {
		const kind =
			type === TYPE.directory
				? 1
				: type === TYPE.symlink
					? 2
					: type === TYPE.charDevice || type === TYPE.blockDevice
						? 3
						: type === TYPE.fifo || type === TYPE.socket
							? 4
							: 0
		this.#counts[kind]++
	}
}

/** Sorts as both sides number files: see FileList.numbered. */
const deletionKey = (path: Path): string => {
	const parts = withoutSlash(path).split('/')
	const last = parts.pop() ?? ''
	const above = parts.map((part) => `\u0002${part}/`).join('')
	return above + (isDirectory(path) ? `\u0002${last}/` : `\u0001${last}`)
}

/** Whether the content of each directory of a list is in it. */
export function directoriesOf(files: FileList): Map<Path, boolean> {
	const rows = new Map<Path, boolean>()
	for (let row = 0; row < files.count; row++)
		if (files.isDirectory(row))
			rows.set(files.path(row), files.hasContent(row) || rows.get(files.path(row)) === true)
	return rows
}
