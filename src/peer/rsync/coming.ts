// The content of a file as it comes: literal bytes, and blocks of what is there.

import {createHash} from 'node:crypto'
import {MULTIPART_FROM} from '../../algo/parts.ts'
import type {Place} from '../../repo/find.ts'
import type {Hasher} from './checksum.ts'
import {RERR, RsyncError} from './errors.ts'
import {type Content, InMemory, Spooled} from './in-hand.ts'
import type {NewSignature} from './signatures.ts'

/** The content of a file, all of it. */
export type Came = {
	readonly content: Content
	readonly md5: Buffer
	/** What the client's checksum should be. */
	readonly sum: Buffer
}

export interface Coming {
	/** Takes bytes. */
	literal(bytes: Buffer): void
	/** Takes blocks of what is there. Rejects with code 2 where there are none. */
	copy(block: number, count: number): Promise<void>
	/** Resolves once all of it is there. Rejects where blocks could not be read. */
	finish(): Promise<Came>
	/** Keeps the signature, of content that was what it should be. */
	sign(): void
	/** Forgets it all. */
	drop(): Promise<void>
}

export type WholeOptions = {
	readonly scratch: Place
	/** What the checksum is of, where that is not MD5. */
	readonly other: Hasher | undefined
	readonly signing: NewSignature | undefined
}

/** All of it comes. */
export class Whole implements Coming {
	readonly #how: WholeOptions
	readonly #hash = createHash('md5')
	#content: InMemory | Spooled
	#md5: Buffer | undefined

	/** `size` is what it had when it was listed. */
	constructor(size: number, how: WholeOptions) {
		this.#how = how
		this.#content = size < MULTIPART_FROM ? new InMemory() : new Spooled(how.scratch)
	}

	literal(bytes: Buffer): void {
		const {scratch, other, signing} = this.#how
		this.#hash.update(bytes)
		other?.update(bytes)
		signing?.push(bytes)
		if (this.#content instanceof InMemory && this.#content.size + bytes.length > MULTIPART_FROM) {
			const spooled = new Spooled(scratch)
			spooled.write(this.#content.read(0, this.#content.size))
			this.#content = spooled
		}
		this.#content.write(bytes)
	}

	async copy(block: number): Promise<void> {
		throw new RsyncError(RERR.protocol, `block ${block} of a file of none`)
	}

	async finish(): Promise<Came> {
		const md5 = this.#hash.digest()
		this.#md5 = md5
		return {content: this.#content, md5, sum: this.#how.other?.digest() ?? md5}
	}

	sign(): void {
		if (this.#md5) this.#how.signing?.keep(this.#md5)
	}

	async drop(): Promise<void> {
		this.#content.drop()
	}
}
