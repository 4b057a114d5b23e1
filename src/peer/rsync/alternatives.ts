// Other directories of the remote that may have what the destination lacks: --compare-dest, --copy-dest, --link-dest.

import {nameOf, parentOf, type Path} from '../../base/path.ts'
import {TYPE, typeOf} from '../../format/entry.ts'
import {type Difference, NO_DIFFERENCE} from './attribute-sets.ts'
import type {Catalogue, Found} from './catalogue.ts'
import {type Destination, hasAny, remotePath} from './destination.ts'
import {RERR, RsyncError} from './errors.ts'
import type {FileList} from './flist.ts'
import type {Line} from './line.ts'
import type {ServerOptions} from './server-options.ts'
import {sameWithout, Survey} from './survey.ts'
import {isSameType, type Wanted} from './wanted.ts'

/** What is done with a file that is there elsewhere: nothing, a copy, or what stands for a hard link. */
export type Kind = 'compare' | 'copy' | 'link'

export type Alternative = {
	readonly kind: Kind
	readonly found: Found
	/** It has the content, or what there is instead of one. */
	readonly isSame: boolean
	/** And all attributes that are looked at. */
	readonly isExact: boolean
	/** How extended attributes and ACLs differ. */
	readonly attributes: Difference
}

export type AlternativesOptions = {
	readonly line: Line
	readonly files: FileList
	readonly destination: Destination
	readonly catalogue: Catalogue
	readonly wanted: Wanted
	readonly signal?: AbortSignal | undefined
}

type Directory = {readonly text: string; readonly at: Destination; readonly survey: Survey}

export class Alternatives {
	readonly #how: AlternativesOptions
	readonly #kind: Kind
	readonly #directories: readonly Directory[]

	private constructor(how: AlternativesOptions, kind: Kind, texts: readonly string[]) {
		const {line, destination} = how
		this.#how = how
		this.#kind = kind
		this.#directories = texts.map((text) => {
			const at = destinationIn(destination, text, `--${kind}-dest`)
			const survey = new Survey({
				...how,
				destination: at,
				kinds: line.options,
				hardLinks: false,
				deletes: false,
			})
			return {text, at, survey}
		})
	}

	/** Those that the options name. Throws code 3 for one that is not in the remote. */
	static of(how: AlternativesOptions): Alternatives | undefined {
		const [kind, texts] = namedBy(how.line.options)
		return texts.length > 0 ? new Alternatives(how, kind, texts) : undefined
	}

	/** Looks what there is in them. */
	async run(): Promise<void> {
		const {line, catalogue} = this.#how
		for (const {text, at, survey} of this.#directories) {
			const directory = at.single === undefined ? at.base : parentOf(at.single)
			if (await hasAny(catalogue, directory)) await survey.run()
			else line.warn(`--${this.#kind}-dest arg does not exist: ${text}`)
		}
	}

	/** The best one for a row, the first of those that are as good. */
	async best(row: number): Promise<Alternative | undefined> {
		let best: Alternative | undefined
		for (const directory of this.#directories) {
			const one = await this.#in(directory, row)
			if (one?.isExact) return one
			if (one && (!best || (one.isSame && !best.isSame))) best = one
		}
		return best
	}

	async #in({survey, at}: Directory, row: number): Promise<Alternative | undefined> {
		const {files, catalogue, wanted} = this.#how
		if (!survey.has(row)) return undefined
		const isExact = survey.isSame(row)
		const path = remotePath(at, files.path(row))
		const found = isExact
			? (catalogue.learned.recall(path) ?? (await catalogue.find(path)))
			: survey.found(row)
		if (!found || found.etag === '' || !isSameType(files, row, found)) return undefined
		const isFile = typeOf(files.mode(row)) === TYPE.file
		const content = isFile ? wanted.sameContent(row, found) : sameWithout(files, row, found)
		const attributes = survey.attributes.get(row) ?? NO_DIFFERENCE
		return {kind: this.#kind, found, isSame: isExact || content, isExact, attributes}
	}
}

const namedBy = ({compareDest, copyDest, linkDest}: ServerOptions): readonly [Kind, readonly string[]] => {
	if (compareDest.length > 0) return ['compare', compareDest]
	return copyDest.length > 0 ? ['copy', copyDest] : ['link', linkDest]
}

/** A directory that the client names as seen from the destination, with the names of the list in it. */
function destinationIn({base, single}: Destination, text: string, option: string): Destination {
	const from = single === undefined ? base : parentOf(single)
	const parts: Path[] = []
	for (const part of (text.startsWith('/') ? text : from + text).split('/')) {
		if (part === '' || part === '.') continue
		if (part !== '..') parts.push(part)
		else if (parts.pop() === undefined)
			throw new RsyncError(RERR.fileSelect, `${option}=${text} leads out of the bucket`)
	}
	const directory = parts.length === 0 ? '' : `${parts.join('/')}/`
	if (single !== undefined) return {base: '', single: directory + nameOf(single), mayBeNew: false, text}
	return {base: directory, mayBeNew: false, text}
}
