// What lstat says of a file, in the words in which statx(2) says it.

import {STATX_WORDS, type StatxWords, X} from '../format/statx.ts'
import type {Native} from './native.ts'
import {type Device, isDevice, joinDevice, NO_DEVICE, small, splitDevice, type Stat} from './stat.ts'

const BILLION = 1_000_000_000n

/** The device that was asked for last: most files are on one. */
let last: Device & {readonly dev: number | bigint} = {...NO_DEVICE, dev: 0}

/** A Stat whose values are made when they are asked for: those of another file once its words are written anew. */
export class Statx implements Stat {
	readonly words: StatxWords = new Uint32Array(STATX_WORDS)
	readonly #longs = new BigInt64Array(this.words.buffer)
	#address: number | undefined

	static of(stat: Stat): Statx {
		const statx = new Statx()
		statx.set(stat)
		return statx
	}

	/** Where the words lie for libc. */
	addressBy(calls: Pick<Native, 'addressOf'>): number {
		return (this.#address ??= calls.addressOf(this.words))
	}

	/** The values as they are now, in an object of its own. */
	plain(): Stat {
		return {
			mode: this.mode,
			size: this.size,
			mtime: this.mtime,
			ctime: this.ctime,
			ino: this.ino,
			dev: this.dev,
			nlink: this.nlink,
			uid: this.uid,
			gid: this.gid,
			blocks: this.blocks,
			rdev: this.rdev,
		}
	}

	/** Takes the values of another. */
	set(stat: Stat): void {
		const {words} = this
		words[X.mode] = stat.mode
		words[X.nlink] = stat.nlink
		words[X.uid] = stat.uid
		words[X.gid] = stat.gid
		this.#setLong(X.size, stat.size)
		this.#setLong(X.blocks, stat.blocks)
		this.#setLong(X.ino, stat.ino)
		this.#setTime(X.mtime, stat.mtime)
		this.#setTime(X.ctime, stat.ctime)
		this.#setDevice(X.rdev, stat.rdev)
		this.#setDevice(X.dev, splitDevice(BigInt(stat.dev)))
	}

	get mode(): number {
		return this.#word(X.mode) & 0xffff
	}

	get size(): number {
		return this.#number(X.size)
	}

	get mtime(): bigint {
		return this.#time(X.mtime)
	}

	get ctime(): bigint {
		return this.#time(X.ctime)
	}

	get ino(): number | bigint {
		const ino = this.#number(X.ino)
		return ino < 2 ** 53 ? ino : BigInt.asUintN(64, this.#long(X.ino))
	}

	get dev(): number | bigint {
		const device = this.#device(X.dev)
		if (device.major !== last.major || device.minor !== last.minor)
			last = {dev: small(joinDevice(device)), ...device}
		return last.dev
	}

	get nlink(): number {
		return this.#word(X.nlink)
	}

	get uid(): number {
		return this.#word(X.uid)
	}

	get gid(): number {
		return this.#word(X.gid)
	}

	get blocks(): number {
		return this.#number(X.blocks)
	}

	get rdev(): Device {
		return isDevice(this.mode) ? this.#device(X.rdev) : NO_DEVICE
	}

	#word(at: number): number {
		return this.words[at] as number
	}

	/** An unsigned number of 64 bits; one of more than 53 is not exact. */
	#number(at: number): number {
		const high = this.#word(at + 1)
		// what is made by arithmetic is a double to V8, and would give its object another class
		return high === 0 ? this.#word(at) : high * 2 ** 32 + this.#word(at)
	}

	#long(at: number): bigint {
		return this.#longs[at / 2] as bigint
	}

	#setLong(at: number, value: number | bigint): void {
		this.#longs[at / 2] = BigInt.asIntN(64, BigInt(value))
	}

	#time(at: number): bigint {
		return this.#long(at) * BILLION + BigInt(this.#word(at + 2))
	}

	#setTime(at: number, ns: bigint): void {
		const rest = ((ns % BILLION) + BILLION) % BILLION
		this.#longs[at / 2] = (ns - rest) / BILLION
		this.words[at + 2] = Number(rest)
	}

	#device(at: number): Device {
		return {major: this.#word(at), minor: this.#word(at + 1)}
	}

	#setDevice(at: number, {major, minor}: Device): void {
		this.words[at] = major
		this.words[at + 1] = minor
	}
}
