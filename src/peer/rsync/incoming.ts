// The files that come, one after the other: tokens, and the checksum behind them. See s3r-rsync(5), TRANSFER.

import {Budget} from '../../base/budget.ts'
import {type Coming, Whole} from './coming.ts'
import type {ReceiverOptions} from './committer.ts'
import {SEED} from './handshake.ts'
import type {Line} from './line.ts'
import {type Basis, Patchwork} from './patchwork.ts'
import {TokenReader} from './token.ts'

/** Ranges of objects that are read at once, for all files. */
const RANGES = 16

export class Incoming {
	readonly #line: Line
	readonly #how: ReceiverOptions
	readonly #tokens: TokenReader
	readonly #width = new Budget(RANGES)

	constructor(line: Line, how: ReceiverOptions) {
		this.#line = line
		this.#how = how
		this.#tokens = new TokenReader(line.input, line.agreed.compression)
	}

	close(): void {
		this.#tokens.close()
	}

	/** Reads one file, which had `size` bytes when it was listed, and what its checksum is to be. */
	async read(
		size: number,
		basis: Basis | undefined,
	): Promise<{readonly coming: Coming; readonly sent: Buffer}> {
		const coming = await this.#begin(size, basis)
		try {
			for (let token = await this.#tokens.next(); token; token = await this.#tokens.next())
				if ('literal' in token) coming.literal(token.literal)
				else await coming.copy(token.block, token.count)
			return {coming, sent: await this.#line.input.take(this.#line.checksum.length)}
		} catch (error) {
			await coming.drop()
			throw error
		}
	}

	async #begin(size: number, basis: Basis | undefined): Promise<Coming> {
		const {checksum} = this.#line
		const {scratch, signatures} = this.#how
		const signing = signatures?.begin(size)
		if (basis) return new Patchwork({...this.#how, width: this.#width, signing}, basis, size)
		const other = checksum.name === 'md5' ? undefined : await checksum.whole(SEED)
		return new Whole(size, {scratch, other, signing})
	}
}
