// Many paths that wait for their turn, beside the heap.

import {Heap} from './bytes.ts'
import type {Path} from './path.ts'

/** Bytes before each path: how many it has in common with the one before, and how many follow. */
const HEAD = 4
const MOST = 0xffff

/** Paths in the order in which they were added; of each what it has in common with the one before is left out. */
export class PathList {
	readonly #bytes = new Heap()
	#last: Path = ''

	add(path: Path): void {
		let common = 0
		const limit = Math.min(path.length, this.#last.length, MOST)
		while (common < limit && path.charCodeAt(common) === this.#last.charCodeAt(common)) common++
		const head = Buffer.allocUnsafe(HEAD)
		head.writeUInt16LE(common, 0)
		head.writeUInt16LE(path.length - common, 2)
		this.#bytes.append(head)
		this.#bytes.append(path.slice(common))
		this.#last = path
	}

	/** What was added by now. */
	*[Symbol.iterator](): Generator<Path, undefined> {
		const {bytes} = this.#bytes
		let last: Path = ''
		for (let at = 0; at < bytes.length;) {
			const end = at + HEAD + bytes.readUInt16LE(at + 2)
			last = last.slice(0, bytes.readUInt16LE(at)) + bytes.latin1Slice(at + HEAD, end)
			yield last
			at = end
		}
	}
}
