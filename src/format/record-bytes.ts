// Records (record.ts) of files that a walk has come to, as bytes: for a million of them, neither strings nor objects.

import {type Path, toBytes} from '../base/path.ts'
import {isSpecial} from '../base/quote.ts'
import type {FoundPath} from './index-file.ts'
import {formatMode} from './record.ts'
import {secondsAt, type StatxWords, X} from './statx.ts'

/** A file as it is printed. */
export type Printable = {
	readonly file: FoundPath & {readonly stat: {readonly words: StatxWords}}
	readonly size: number
	/** Writes its MD5 in hex and returns where that ends; `at` where there is none. */
	writeMd5(into: Buffer, at: number): number
}

const [TAB, LF, SPACE, DASH, DOT, ZERO] = [0x09, 0x0a, 0x20, 0x2d, 0x2e, 0x30]
const MD5 = toBytes('md5:')
/** Bytes that all of a record but its path has at most. */
const FIELDS = 128
/** Numbers that are larger than the machine's integers are written by way of a string. */
const LARGE = 2 ** 31

/** Writes what formatRecord makes of a file, and a terminator. */
export class RecordBytes {
	readonly #nul: boolean
	/** The directory of the last file, which most often is that of the next; and whether its name needs no quotes. */
	#directory: Path = ''
	#prefix: Buffer = toBytes('')
	#isPlain = true
	/** The mode of the last file, likewise. */
	#mode = -1
	#modeText: Buffer = toBytes('')

	/** With `nul`, the terminator is NUL and paths are not quoted. */
	constructor(nul: boolean) {
		this.#nul = nul
	}

	/** How many bytes the record has at most; undefined for what is rare, a path in quotes or a time before 1970: formatRecord does those. */
	room({file: {directory, bytes, start, stat}}: Printable): number | undefined {
		if (directory !== this.#directory) this.#turnTo(directory)
		if (secondsAt(stat.words, X.mtime) < 0) return undefined
		let at = start
		for (let byte = bytes[at] as number; byte !== 0; byte = bytes[++at] as number)
			if (!this.#nul && isSpecial(byte)) return undefined
		return this.#nul || this.#isPlain ? FIELDS + this.#prefix.length + (at - start) : undefined
	}

	#turnTo(directory: Path): void {
		this.#directory = directory
		this.#prefix = toBytes(directory)
		this.#isPlain = !this.#prefix.some(isSpecial)
	}

	/** Writes the record of the file that room() was last asked for; returns where it ends. */
	write(into: Buffer, start: number, printable: Printable): number {
		const {file, size} = printable
		const {words} = file.stat
		let at = copyTo(into, start, this.#modeOf((words[X.mode] as number) & 0xffff), 0)
		into[at++] = SPACE
		at = writeNumber(into, at, size)
		into[at++] = SPACE
		at = writeNumber(into, at, secondsAt(words, X.mtime))
		into[at++] = DOT
		at = writeDigits(into, at, words[X.mtime + 2] as number, 9)
		into[at++] = SPACE
		at = writeDigest(into, at, printable)
		into[at++] = TAB
		at = copyTo(into, at, this.#prefix, 0)
		at = copyTo(into, at, file.bytes, file.start)
		into[at++] = this.#nul ? 0 : LF
		return at
	}

	#modeOf(mode: number): Buffer {
		if (mode === this.#mode) return this.#modeText
		this.#mode = mode
		return (this.#modeText = toBytes(formatMode(mode)))
	}
}

function writeDigest(into: Buffer, at: number, printable: Printable): number {
	const hex = at + MD5.length
	const end = printable.writeMd5(into, hex)
	if (end > hex) {
		copyTo(into, at, MD5, 0)
		return end
	}
	into[at] = DASH
	return at + 1
}

/** Copies bytes up to a NUL, or to their end; returns where the copy ends. */
function copyTo(into: Buffer, start: number, from: Buffer, begin: number): number {
	let at = start
	for (let i = begin; i < from.length && from[i] !== 0; i++) into[at++] = from[i] as number
	return at
}

/** Writes a whole number that is not negative; returns where it ends. */
function writeNumber(into: Buffer, at: number, value: number): number {
	if (value >= LARGE) return at + into.write(String(value), at, 'latin1')
	let digits = 1
	for (let power = 10; power <= value; power *= 10) digits++
	return writeDigits(into, at, value, digits)
}

function writeDigits(into: Buffer, at: number, value: number, digits: number): number {
	let rest = value | 0
	for (let i = at + digits - 1; i >= at; i--) {
		const tenth = (rest / 10) | 0
		into[i] = ZERO + rest - tenth * 10
		rest = tenth
	}
	return at + digits
}
