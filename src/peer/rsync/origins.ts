// Where the rows of a list that is sent come from: what their paths begin with, and the versions that were listed.

import type {Path} from '../../base/path.ts'
import {Column} from './columns.ts'

/** Words of an MD5. */
const MD5 = 4

export class Origins {
	/** What names of the list lack at their beginning, by the number that each row has. */
	readonly #bases: Path[] = []
	readonly #baseOf = new Column(Uint32Array)
	/** ETags that are MD5s; the others by their rows. */
	readonly #etags = new Column(Uint32Array, MD5)
	readonly #otherEtags = new Map<number, string>()

	/** What the name of a row lacks at its beginning. */
	base(row: number): Path {
		return this.#bases[this.#baseOf.get(row)] ?? ''
	}

	/** The version that was listed. */
	etag(row: number): string {
		const other = this.#otherEtags.get(row)
		if (other !== undefined) return other
		const bytes = Buffer.allocUnsafe(MD5 * 4)
		for (let i = 0; i < MD5; i++) bytes.writeUInt32BE(this.#etags.get(row, i), i * 4)
		return bytes.toString('hex')
	}

	/** Keeps these of a row. */
	note(row: number, base: Path, etag: string): void {
		let number = this.#bases.lastIndexOf(base)
		if (number < 0) number = this.#bases.push(base) - 1
		if (number > 0) this.#baseOf.set(row, 0, number)
		if (!/^[0-9a-f]{32}$/.test(etag)) this.#otherEtags.set(row, etag)
		else for (let i = 0; i < MD5; i++) this.#etags.set(row, i, parseInt(etag.slice(i * 8, i * 8 + 8), 16))
	}
}
