// What the objects of the list's files shall say of them: with content that came, with other attributes, or as further
// names of one file (-H).

import {createHash} from 'node:crypto'
import type {Path} from '../../base/path.ts'
import {type Local, TYPE, typeOf} from '../../format/entry.ts'
import type {Xattr} from '../../format/xattrs.ts'
import type {Alternative} from './alternatives.ts'
import {type Difference, isKept, merged, NO_DIFFERENCE} from './attribute-sets.ts'
import type {Catalogue, Found} from './catalogue.ts'
import type {Action} from './receiving.ts'
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

type Content = {readonly size: number; readonly md5: string | undefined}

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
	async withContent(action: Action, content: Content, values: Values): Promise<Described> {
		const {options, wanted} = this.#how
		const {row, found} = action
		const xattrs = await this.#xattrsOf(action, values)
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
		const xattrs = (await this.#xattrsOf(action, values)) ?? (await this.#kept(action))
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

	/** A file that is a copy of another one, with its own attributes; or with all of that one's, as a hard link has them. */
	async asCopy(action: Action, other: Alternative, values: Values): Promise<Described> {
		const {options, wanted, catalogue} = this.#how
		const {row} = action
		const {kind, isExact, found} = other
		const isLink = kind === 'link' && isExact
		const xattrs = isLink ? await catalogue.xattrs(found) : await this.#xattrsOf({row, other}, values)
		const link = options.hardLinks ? this.linkOf(row) : undefined
		const {size, md5} = found
		if (link !== undefined) {
			this.#contents.set(row, {size, md5})
			this.#xattrs.set(row, xattrs)
		}
		const local = wanted.local(row, isLink ? found : undefined, {isNew: !isLink, size, md5, link, xattrs})
		return {local, xattrs}
	}

	/** A further name of the file of `leader`, which is there by now: in its place, or elsewhere. */
	async asLink(leader: number, row: number, elsewhere: Found | undefined): Promise<Described> {
		const {survey, wanted} = this.#how
		const led = elsewhere ?? survey.found(leader)
		const content = this.#contents.get(leader)
		const xattrs = this.#xattrs.get(leader) ?? (await this.#xattrsOf({row: leader, found: led}, NO_VALUES))
		const local = wanted.local(leader, led, {
			isNew: content !== undefined,
			size: content?.size ?? led?.size,
			md5: content?.md5 ?? led?.md5,
			link: this.linkOf(row),
			xattrs,
		})
		return {local, xattrs}
	}

	/** Those that the client sends, of which it leaves out values that are there or elsewhere. */
	async #xattrsOf(
		{row, found, other}: {readonly row: number} & Partial<Pick<Action, 'found' | 'other'>>,
		values: Values,
	): Promise<readonly Xattr[] | undefined> {
		const {options, survey, files} = this.#how
		if (!options.xattrs && !options.acls) return undefined
		const there = found ? survey.attributes.get(row) : other && (await this.#elsewhere(other))
		return merged(files.rare(row).xattrs ?? [], there ?? NO_DIFFERENCE, values, options)
	}

	async #elsewhere({found, attributes}: Alternative): Promise<Difference> {
		const existing = await this.#how.catalogue.xattrs(found)
		return {...attributes, existing: existing.filter(([name]) => isKept(name, this.#how.options))}
	}

	/** Attributes that nobody speaks of stay with a file whose content does. */
	async #kept({found, isNew}: Action): Promise<readonly Xattr[] | undefined> {
		return isNew || !found ? undefined : this.#how.catalogue.xattrs(found)
	}
}

const md5Of = (target: string): string => createHash('md5').update(target, 'latin1').digest('hex')
