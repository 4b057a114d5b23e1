// The list of a client that downloads: the files that it names, sent as they are found.

import type {Path} from '../../base/path.ts'
import type {Filter} from '../../format/filter.ts'
import type {Bodies} from './bodies.ts'
import type {Catalogue, Found} from './catalogue.ts'
import {loadChecksum} from './checksum.ts'
import {filesFrom} from './files-from.ts'
import {FlistEncoder} from './flist-encoder.ts'
import {formOf} from './form.ts'
import {writeNames} from './id-names.ts'
import type {Line} from './line.ts'
import {Offer} from './offer.ts'

export type ListSenderOptions = {
	readonly catalogue: Catalogue
	/** Who owns what says nothing of it. */
	readonly self: {readonly uid: number; readonly gid: number}
	/** What sums of files are taken of where nothing tells them (-c). */
	readonly bodies: Bodies
	readonly failed: (path: Path, error: unknown) => void
}

export class ListSender {
	readonly #line: Line
	readonly #options: ListSenderOptions
	readonly #encoder: FlistEncoder
	readonly offer: Offer

	constructor(line: Line, filter: Filter, options: ListSenderOptions) {
		this.#line = line
		this.#options = options
		this.#encoder = new FlistEncoder(formOf(line))
		const {options: asked, agreed} = line
		this.offer = new Offer({
			catalogue: options.catalogue,
			options: asked,
			filter,
			self: options.self,
			sumOf: asked.checksum ? (found) => this.#sumOf(found, agreed.listChecksum) : undefined,
			write: (entry, row) => {
				this.#encoder.write(line.output, entry, row)
				return line.output.ready()
			},
			failed: options.failed,
			info: (text) => line.info(text),
		})
	}

	/** Sends all that the client names, and the names of its owners. */
	async send(): Promise<void> {
		const {options, output, protocol, agreed} = this.#line
		const {offer} = this
		if (options.filesFrom !== undefined) await this.#addNamed()
		else for (const word of options.paths) await offer.add(word)
		this.#line.ioError |= offer.ioError
		this.#encoder.end(output, options.ignoreErrors ? 0 : offer.ioError)
		if (!options.numericIds) {
			if (options.owner || options.acls) writeNames(output, offer.users, protocol, agreed.idZeroNames)
			if (options.group || options.acls) writeNames(output, offer.groups, protocol, agreed.idZeroNames)
		}
		if (protocol < 30) output.int(offer.ioError)
		await output.flush()
	}

	/** --files-from: names come one by one, or stand in a file of the remote. */
	async #addNamed(): Promise<void> {
		const {options} = this.#line
		const directory = options.paths[0]?.text ?? ''
		const base = /^\.?\/*$/.test(directory) ? '' : directory
		for await (const name of filesFrom(this.#line, this.#options.catalogue))
			if (name !== '') await this.offer.addBelow(base, name)
	}

	async #sumOf({path, md5}: Found, name: Line['agreed']['listChecksum']): Promise<Buffer> {
		if (name === 'md5' && md5 !== undefined) return Buffer.from(md5, 'hex')
		const hasher = await (await loadChecksum(name, this.#line.protocol)).list()
		for await (const piece of this.#options.bodies.read(path, undefined)) hasher.update(piece)
		return hasher.digest()
	}
}
