// The trees that are sent: the same bytes and names in every run, since all comes from a seed; and what is done to them.

import {createCipheriv} from 'node:crypto'
import {
	mkdirSync,
	readdirSync,
	renameSync,
	statSync,
	utimesSync,
	openSync,
	writeSync,
	closeSync,
} from 'node:fs'
import {join} from 'node:path'

const FILES_A_DIRECTORY = 100
const DIRECTORIES_A_TOP = 10
/** When all files were last changed, to begin with: long before anything is sent. */
const LONG_AGO = new Date('2024-02-29T12:00:00Z')
const KEY = Buffer.from('a seed of s3r!!!')
const ZEROS = Buffer.alloc(2 ** 20)

/** `count` files of 4 KiB. */
export function fixedSizes(count, size = 4096) {
	return Array.from({length: count}, () => size)
}

/** `count` sizes from 0 to 1 MiB as in a home directory: log-normal, half of them under 8 KiB, one in fifty empty. */
export function mixedSizes(count) {
	const random = randoms(20_070_217)
	return Array.from({length: count}, () => {
		if (random() < 0.02) return 0
		const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
		return Math.min(Math.round(8192 * Math.exp(1.8 * normal)), 2 ** 20)
	})
}

/** `count` sizes from 1 to 32 MiB, as of photographs and films: as many between 1 and 2 as between 16 and 32. */
export function mediaSizes(count) {
	const random = randoms(20_070_218)
	return Array.from({length: count}, () => Math.round(2 ** (20 + 5 * random())))
}

/** A directory `root` with the files in `root/data`, so that s3r's own directory lies beside what peers send. */
export class Tree {
	#sizes
	#generation = 0
	#tops

	/** Makes the files, of incompressible bytes that differ from file to file; or of the same, where nobody looks. */
	constructor(root, sizes, {alike = false} = {}) {
		this.root = root
		this.data = join(root, 'data')
		this.#sizes = sizes
		this.#tops = Array.from(
			{length: Math.ceil(sizes.length / FILES_A_DIRECTORY / DIRECTORIES_A_TOP)},
			(_, top) => `top-${String(top).padStart(4, '0')}`,
		)
		for (let first = 0; first < sizes.length; first += FILES_A_DIRECTORY)
			mkdirSync(join(this.path(first), '..'), {recursive: true})
		for (let file = 0; file < sizes.length; file++) this.#write(file, alike ? 0 : file, LONG_AGO)
	}

	get files() {
		return this.#sizes.length
	}

	get directories() {
		return Math.ceil(this.files / FILES_A_DIRECTORY) + this.#tops.length + 1
	}

	get bytes() {
		return this.#sizes.reduce((sum, size) => sum + size, 0)
	}

	/** Where a file lies now. */
	path(file) {
		const directory = Math.floor(file / FILES_A_DIRECTORY)
		const top = this.#tops[Math.floor(directory / DIRECTORIES_A_TOP)]
		const name = `file-${String(file).padStart(7, '0')}.bin`
		return join(this.data, top, `part-${directory % DIRECTORIES_A_TOP}`, name)
	}

	/** New bytes of the same size in one of a hundred files; how many that were. */
	change() {
		this.#generation++
		const full = this.#sizes.flatMap((size, file) => (size > 0 ? [file] : []))
		const some = full.filter((_, at) => at % 100 === this.#generation % 100)
		for (const file of some) this.#write(file, file, new Date())
		return some.length
	}

	/** The present time for every file; the bytes stay. */
	touch() {
		const now = new Date()
		for (let file = 0; file < this.files; file++) utimesSync(this.path(file), now, now)
		return this.files
	}

	/** Another name for the first directory; how many files that moves. */
	rename() {
		this.#generation++
		const name = `renamed-${this.#generation}`
		renameSync(join(this.data, this.#tops[0]), join(this.data, name))
		this.#tops[0] = name
		return Math.min(this.files, FILES_A_DIRECTORY * DIRECTORIES_A_TOP)
	}

	#write(file, seed, time) {
		makeFile(this.path(file), this.#sizes[file], {bytes: noise(seed, this.#generation), time})
	}
}

/** One file of incompressible bytes. */
export function makeFile(path, size, {bytes = noise(0xffff_ffff, 0), time = LONG_AGO} = {}) {
	const file = openSync(path, 'w')
	for (let at = 0; at < size; at += ZEROS.length)
		writeSync(file, bytes.update(ZEROS.subarray(0, Math.min(ZEROS.length, size - at))))
	closeSync(file)
	utimesSync(path, time, time)
}

/** How many files lie under a directory, and their bytes, without s3r's own. */
export function contents(dir) {
	let files = 0
	let bytes = 0
	for (const entry of readdirSync(dir, {withFileTypes: true})) {
		const path = join(dir, entry.name)
		if (entry.isDirectory() && entry.name !== '.s3rsync') {
			const inside = contents(path)
			files += inside.files
			bytes += inside.bytes
		} else if (entry.isFile()) {
			files++
			bytes += statSync(path).size
		}
	}
	return {files, bytes}
}

/** A stream of bytes for each pair of numbers: AES in counter mode, of zeros. */
function noise(seed, generation) {
	const start = Buffer.alloc(16)
	start.writeUInt32BE(generation, 0)
	start.writeUInt32BE(seed, 4)
	return createCipheriv('aes-128-ctr', KEY, start)
}

/** Numbers from 0 to 1, always the same: mulberry32. */
function randoms(seed) {
	let state = seed
	return () => {
		state = (state + 0x6d2b79f5) | 0
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
	}
}
