// Where the rows of a list that is sent come from: what their paths begin with, and the versions that were listed.

import type {Path} from '../../base/path.ts'

export class Origins {
	/** What names of the list lack at their beginning, by the number that each row has. */
	readonly #bases: Path[] = []
	#baseOf = new Uint16Array(1024)
	#etags = Buffer.alloc(16 * 1024)
	readonly #otherEtags = new Map<number, string>()

	/** What the name of a row lacks at its beginning. */
	base(row: number): Path {
		return this.#bases[this.#baseOf[row] ?? 0] ?? ''
	}

	/** The version that was listed. */
	etag(row: number): string {
		return this.#otherEtags.get(row) ?? this.#etags.toString('hex', row * 16, row * 16 + 16)
	}

	/** Keeps these of a row; rows come one after the other. */
	note(row: number, base: Path, etag: string): void {
		if (row >= this.#baseOf.length) {
			const grown = new Uint16Array(this.#baseOf.length * 2)
			grown.set(this.#baseOf)
			this.#baseOf = grown
			this.#etags = Buffer.concat([this.#etags], this.#etags.length * 2)
		}
		let number = this.#bases.lastIndexOf(base)
		if (number < 0) number = this.#bases.push(base) - 1
		this.#baseOf[row] = number
		if (/^[0-9a-f]{32}$/.test(etag)) this.#etags.write(etag, row * 16, 'hex')
		else this.#otherEtags.set(row, etag)
	}
}
