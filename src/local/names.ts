// The names in one directory, as bytes and in the order of their paths: neither a string nor an object for each.

import {compareAt, textAt} from '../base/bytes.ts'
import type {Path} from '../base/path.ts'

const SLASH = 0x2f

/** The names of a directory; read into again and again. */
export class Names {
	/** Each name with a NUL at its end; those of directories have '/' before that. */
	bytes = Buffer.allocUnsafeSlow(1 << 12)
	#length = 0
	/** Where each begins. */
	#starts = new Uint32Array(1 << 8)
	#count = 0

	get count(): number {
		return this.#count
	}

	/** Where name `i` begins in `bytes`. */
	start(i: number): number {
		return this.#starts[i] as number
	}

	clear(): void {
		this.#length = 0
		this.#count = 0
	}

	/** Adds a name that lies in `from` and ends in NUL. */
	addBytes(from: Buffer, start: number, isDirectory: boolean): void {
		let end = start
		while (from[end] !== 0) end++
		this.#begin(end - start)
		for (let at = start; at < end; at++) this.bytes[this.#length++] = from[at] as number
		this.#end(isDirectory)
	}

	/** Adds a name; it may have a directory's '/' already. */
	add(name: Path, isDirectory = false): void {
		this.#begin(name.length)
		for (let i = 0; i < name.length; i++) this.bytes[this.#length++] = name.charCodeAt(i)
		this.#end(isDirectory)
	}

	/** Makes room for a name of so many bytes, with '/' and NUL. */
	#begin(length: number): void {
		const end = this.#length + length + 2
		if (end > this.bytes.length) {
			const longer = Buffer.allocUnsafeSlow(Math.max(end, this.bytes.length * 2))
			this.bytes.copy(longer)
			this.bytes = longer
		}
		if (this.#count === this.#starts.length) {
			const longer = new Uint32Array(this.#count * 2)
			longer.set(this.#starts)
			this.#starts = longer
		}
		this.#starts[this.#count++] = this.#length
	}

	#end(isDirectory: boolean): void {
		if (isDirectory) this.bytes[this.#length++] = SLASH
		this.bytes[this.#length++] = 0
	}

	/** Name `i`, with a directory's '/'. */
	text(i: number): Path {
		return textAt(this.bytes, this.start(i))
	}

	/** Leaves out the names that are not wanted; their numbers are those of now. */
	keep(isWanted: (i: number) => boolean): void {
		let kept = 0
		for (let i = 0; i < this.#count; i++) if (isWanted(i)) this.#starts[kept++] = this.#starts[i] as number
		this.#count = kept
	}

	/** Puts them into byte order. Many file systems give names in the order in which they were made, or in the reverse. */
	sort(): void {
		const {bytes} = this
		const starts = this.#starts.subarray(0, this.#count)
		const run = this.#runLength()
		if (run === -starts.length) starts.reverse()
		else if (run !== starts.length) starts.sort((a, b) => compareAt(bytes, a, bytes, b))
	}

	/** How many names from the first on are in order; as a negative number, how many are in the reverse order. */
	#runLength(): number {
		const isBehind = (i: number) => compareAt(this.bytes, this.start(i - 1), this.bytes, this.start(i)) > 0
		if (this.#count < 2) return this.#count
		const isReverse = isBehind(1)
		let run = 2
		while (run < this.#count && isBehind(run) === isReverse) run++
		return isReverse ? -run : run
	}
}
