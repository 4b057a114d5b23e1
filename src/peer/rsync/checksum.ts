// The checksums of the protocol: of whole files, of blocks, and of the file list.
//
// MD5 is what we offer, and nothing else: newer clients take the best of our list by their own liking, which would
// be one of the xxHash family, and an object's MD5 is what is stored. With MD5 the client verifies an object from
// end to end, -c needs no object to be read, and what it sends for an upload is what will be stored. A client that
// insists (--checksum-choice) gets any of them.

import {createHash, hash} from 'node:crypto'
import type {IHasher} from 'hash-wasm'
import {shown} from '../../base/quote.ts'
import {RERR, RsyncError} from './errors.ts'

const NAMES = ['xxh128', 'xxh3', 'xxh64', 'md5', 'md4', 'sha1', 'none'] as const
type ChecksumName = (typeof NAMES)[number]

/** The list that we send. */
export const CHECKSUM_OFFER = 'md5'

/** A sum that grows; `digest` gives the bytes as they are sent, once. */
export type Hasher = {update(bytes: Buffer): void; digest(): Buffer}

export type Checksum = {
	readonly name: ChecksumName
	/** Bytes of a digest. */
	readonly length: number
	/** The sum of a file's content, sent behind it. Only before protocol 30 does the seed take part. */
	whole(seed: number): Promise<Hasher>
	/** The sum of a file in the list (-c). */
	list(): Promise<Hasher>
	/** The strong sum of a block, whole; the first bytes of it are sent. `seedFix`: the seed is hashed first. */
	block(seed: number, seedFix: boolean): Promise<(bytes: Buffer) => Buffer>
}

/** Seed 0 means that no seed is hashed, so that the sums of a block are the same for ever. */
const seedBytes = (seed: number): Buffer => {
	const bytes = Buffer.alloc(seed === 0 ? 0 : 4)
	if (seed !== 0) bytes.writeInt32LE(seed | 0)
	return bytes
}

function openssl(name: 'md5' | 'sha1', length: number): Checksum {
	const plain = async (): Promise<Hasher> => {
		const state = createHash(name)
		return {update: (bytes) => void state.update(bytes), digest: () => state.digest()}
	}
	return {
		name,
		length,
		whole: plain,
		list: plain,
		block: async (seed, seedFix) => {
			if (seed === 0) return (bytes) => hash(name, bytes, 'buffer')
			const salt = seedBytes(seed)
			return (bytes) => hash(name, Buffer.concat(seedFix ? [salt, bytes] : [bytes, salt]), 'buffer')
		},
	}
}

const digestOf = (state: IHasher): Buffer => Buffer.from(state.digest('binary'))

/** Before protocol 30 the seed stands before a file's content, also if it is 0. */
async function md4(protocol: number): Promise<Checksum> {
	const {createMD4} = await import('hash-wasm')
	const plain = async (): Promise<Hasher> => {
		const state = (await createMD4()).init()
		return {update: (bytes) => void state.update(bytes), digest: () => digestOf(state)}
	}
	const whole = async (seed: number): Promise<Hasher> => {
		const state = await plain()
		const salt = Buffer.alloc(4)
		salt.writeInt32LE(seed | 0)
		state.update(salt)
		return state
	}
	return {
		name: 'md4',
		length: 16,
		whole: protocol < 30 ? whole : plain,
		list: plain,
		block: async (seed) => {
			const state = await createMD4()
			const salt = seedBytes(seed)
			return (bytes) => digestOf(state.init().update(bytes).update(salt))
		},
	}
}

/** Digests of the xxHash family are sent with the lowest byte first, and its blocks have the seed as the hash has one. */
async function xxh(name: 'xxh64' | 'xxh3' | 'xxh128'): Promise<Checksum> {
	const {createXXHash64, createXXHash3, createXXHash128} = await import('hash-wasm')
	const create = {xxh64: createXXHash64, xxh3: createXXHash3, xxh128: createXXHash128}[name]
	const reversed = (state: IHasher): Buffer => Buffer.from(state.digest('binary').toReversed())
	const plain = async (): Promise<Hasher> => {
		const state = (await create(0, 0)).init()
		return {update: (bytes) => void state.update(bytes), digest: () => reversed(state)}
	}
	return {
		name,
		length: name === 'xxh128' ? 16 : 8,
		whole: plain,
		list: plain,
		block: async (seed) => {
			// The seed is a signed number of 32 bits, widened to 64.
			const state = await create(seed >>> 0, seed < 0 ? 0xffffffff : 0)
			return (bytes) => reversed(state.init().update(bytes))
		},
	}
}

/** One zero byte, whatever the content. */
const none: Checksum = {
	name: 'none',
	length: 1,
	whole: async () => ({update: () => {}, digest: () => Buffer.alloc(1)}),
	list: async () => ({update: () => {}, digest: () => Buffer.alloc(1)}),
	block: async () => () => Buffer.alloc(1),
}

/**
 * The checksum of that name as the protocol of that version has it.
 *
 * Throws code 4 for a name that is not known.
 */
export async function loadChecksum(text: string, protocol: number): Promise<Checksum> {
	const name = ALIASES[text.toLowerCase()] ?? text.toLowerCase()
	const known = name === 'auto' ? (protocol >= 30 ? 'md5' : 'md4') : NAMES.find((n) => n === name)
	if (known === 'md5') return openssl('md5', 16)
	if (known === 'sha1') return openssl('sha1', 20)
	if (known === 'md4') return md4(protocol)
	if (known === 'none') return none
	if (known !== undefined) return xxh(known)
	throw new RsyncError(
		RERR.unsupported,
		`the checksum ${shown(text)} is not known; --checksum-choice takes ${NAMES.join(', ')}`,
	)
}

const ALIASES: Readonly<Record<string, string>> = {xxhash: 'xxh64'}
