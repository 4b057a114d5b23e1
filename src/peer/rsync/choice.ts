// Which files of the list are received: by their types, and by what the options say is not touched.

import {withoutSlash} from '../../base/path.ts'
import {TYPE} from '../../format/entry.ts'
import type {Found} from './catalogue.ts'
import type {FileList} from './flist.ts'
import type {Line} from './line.ts'
import {isUnsafeLink} from './safe-link.ts'
import type {Wanted} from './wanted.ts'

/** Decides, and tells the client of what it leaves out. */
export class Choice {
	readonly #line: Line
	readonly #files: FileList
	readonly #wanted: Wanted

	constructor(line: Line, files: FileList, wanted: Wanted) {
		this.#line = line
		this.#files = files
		this.#wanted = wanted
	}

	/** Whether a file of this type is received at all. */
	isWanted(row: number, type: number): boolean {
		const {options} = this.#line
		// a directory that is in the list because it leads to a file
		const isImplied = this.#files.isTop(row) && !this.#files.hasContent(row)
		if (type === TYPE.directory && isImplied && !options.impliedDirs) return false
		const isDevice = type === TYPE.charDevice || type === TYPE.blockDevice
		const isSpecial = type === TYPE.fifo || type === TYPE.socket
		if (
			(type === TYPE.symlink && !options.links) ||
			(isDevice && !options.devices) ||
			(isSpecial && !options.specials)
		) {
			this.#line.info(`skipping non-regular file "${withoutSlash(this.#files.path(row))}"`)
			return false
		}
		if (type === TYPE.symlink && options.safeLinks) {
			const target = this.#files.rare(row).target ?? ''
			if (isUnsafeLink(target, this.#files.path(row))) {
				if (options.verbose > 0)
					this.#line.info(`ignoring unsafe symlink "${this.#files.path(row)}" -> "${target}"`)
				return false
			}
		}
		return true
	}

	/** What the options say is not touched, whatever the client has. */
	isLeftAlone(row: number, type: number, found: Found | undefined, isThere: boolean): boolean {
		const {options} = this.#line
		const size = type === TYPE.file ? this.#files.size(row) : undefined
		const path = this.#files.path(row)
		const skip = (why: string): boolean => {
			if (options.verbose > 1) this.#line.info(`${path} ${why}`)
			return true
		}
		if (size !== undefined && options.maxSize !== undefined && size > options.maxSize)
			return skip('is over max-size')
		if (size !== undefined && options.minSize !== undefined && size < options.minSize)
			return skip('is under min-size')
		if (isThere && options.ignoreExisting) return skip('exists')
		if (found && options.update && this.#wanted.isOlder(row, found)) return skip('is newer')
		const isLonger = found !== undefined && size !== undefined && found.size >= size
		return options.append > 0 && isLonger && !this.#wanted.sameContent(row, found)
	}
}
