// What a client is told of the blocks that there are of a file: the sums of its signature, where it was kept.

import {strongLengthFor} from '../../algo/rolling.ts'
import type {BlockSums} from '../../algo/match.ts'
import {blockSums} from '../../algo/signature.ts'
import type {Found} from './catalogue.ts'
import type {Line} from './line.ts'
import type {Basis} from './patchwork.ts'
import type {Signatures} from './signatures.ts'

export class Bases {
	readonly #signatures: Signatures | undefined
	readonly #digestLength: number

	constructor({options, agreed, checksum}: Line, signatures: Signatures | undefined) {
		const {wholeFile, append} = options
		// signatures are of MD5, and what zlib refers back to is not here yet when it is needed
		const isKnown = checksum.name === 'md5' && agreed.compression !== 'zlib'
		this.#signatures = isKnown && !wholeFile && append === 0 ? signatures : undefined
		this.#digestLength = checksum.length
	}

	/** The sums of what is there, and where it is; undefined where all of the file is to come. */
	of(found: Found | undefined): {readonly basis: Basis; readonly sums: BlockSums} | undefined {
		if (found?.md5 === undefined) return undefined
		const {path, etag, size, stored, md5} = found
		// what is stored as gzip has no ranges of the file
		const signature = stored === size ? this.#signatures?.find({md5, size}) : undefined
		if (!signature) return undefined
		const {blockLength, weak} = signature
		const strongLength = strongLengthFor(size, blockLength, this.#digestLength)
		return {
			basis: {path, etag, size, blockLength, count: weak.length},
			sums: {...blockSums(signature), strongLength},
		}
	}
}
