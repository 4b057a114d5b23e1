// What the objects of the list's files shall say of them: with content that came, with other attributes, or as further
// names of one file (-H).

import {createHash} from 'node:crypto'
import type {Path} from '../../base/path.ts'
import {type Local, TYPE, typeOf} from '../../format/entry.ts'
import type {Xattr} from '../../format/xattrs.ts'
import {merged, NO_DIFFERENCE} from './attribute-sets.ts'
import type {Catalogue, Found} from './catalogue.ts'
import type {Action} from './committer.ts'
import type {FileList} from './flist.ts'
import type {LinkGroups} from './link-groups.ts'
import type {ServerOptions} from './server-options.ts'
import type {Survey} from './survey.ts'
import type {Wanted} from './wanted.ts'

/** Values of attributes by their numbers, where the client was asked for them. */
export type Values = ReadonlyMap<number, Buffer>
export const NO_VALUES: Values = new Map()

export type Described = {readonly local: Local; readonly xattrs: readonly Xattr[] | undefined}

export type DescriberOptions = {
	readonly options: ServerOptions
	readonly files: FileList
	readonly wanted: Wanted
	readonly survey: Survey
	readonly links: LinkGroups
	readonly catalogue: Catalogue
	/** Where a row's file is below the remote's root. */
	readonly pathOf: (row: number) => Path
}

type Content = {readonly size: number; readonly md5: string}

export class Describer {
	readonly #how: DescriberOptions
	/** Of files with several names, whose content came: what it was. */
	readonly #contents = new Map<number, Content>()
	readonly #xattrs = new Map<number, readonly Xattr[] | undefined>()

	constructor(how: DescriberOptions) {
		this.#how = how
	}

	/** What ties the names of a row's file together, where it has several. */
	linkOf(row: number): string | undefined {
		const {links, survey, pathOf} = this.#how
		return links.id(row, (one) => survey.found(one)?.attributes.link, pathOf)
	}

	/** A file whose content came. */
	withContent({row, found}: Action, content: Content, values: Values): Described {
		const {options, wanted} = this.#how
		const xattrs = this.#xattrsOf(row, found, values)
		const link = options.hardLinks ? this.linkOf(row) : undefined
		if (link !== undefined) {
			this.#contents.set(row, content)
			this.#xattrs.set(row, xattrs)
		}
		return {local: wanted.local(row, found, {isNew: true, ...content, link, xattrs}), xattrs}
	}

	/** A file whose content stays, or that has none. */
	async withoutContent(action: Action, values: Values): Promise<Described> {
		const {options, files, wanted} = this.#how
		const {row, found, isNew} = action
		const type = typeOf(files.mode(row))
		const target = files.rare(row).target ?? ''
		const isFile = type === TYPE.file
		const isLink = type === TYPE.symlink
		const xattrs = this.#xattrsOf(row, found, values) ?? (await this.#kept(action))
		const local = wanted.local(row, found, {
			isNew,
			size: isFile ? found?.size : isLink ? target.length : 0,
			md5: isFile ? found?.md5 : isLink ? md5Of(target) : undefined,
			link: options.hardLinks ? this.linkOf(row) : isNew ? undefined : found?.attributes.link,
			xattrs,
		})
		if (local.link !== undefined) this.#xattrs.set(row, xattrs)
		return {local, xattrs}
	}

	/** A further name of the file of `leader`, which is there by now. */
	asLink(leader: number, row: number): Described {
		const {survey, wanted} = this.#how
		const led = survey.found(leader)
		const content = this.#contents.get(leader)
		const xattrs = this.#xattrs.get(leader) ?? this.#xattrsOf(leader, led, NO_VALUES)
		const local = wanted.local(leader, led, {
			isNew: content !== undefined,
			size: content?.size ?? led?.size,
			md5: content?.md5 ?? led?.md5,
			link: this.linkOf(row),
			xattrs,
		})
		return {local, xattrs}
	}

	#xattrsOf(row: number, found: Found | undefined, values: Values): readonly Xattr[] | undefined {
		const {options, survey, files} = this.#how
		if (!options.xattrs && !options.acls) return undefined
		const differs = found ? (survey.attributes.get(row) ?? NO_DIFFERENCE) : NO_DIFFERENCE
		return merged(files.rare(row).xattrs ?? [], differs, values, options)
	}

	/** Attributes that nobody speaks of stay with a file whose content does. */
	async #kept({found, isNew}: Action): Promise<readonly Xattr[] | undefined> {
		return isNew || !found ? undefined : this.#how.catalogue.xattrs(found)
	}
}

const md5Of = (target: string): string => createHash('md5').update(target, 'latin1').digest('hex')
