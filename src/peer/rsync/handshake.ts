// The start of a session: versions, what both can do, checksums and compression. See s3r-rsync(5), START.

import {CHECKSUM_OFFER} from './checksum.ts'
import {type Compression, COMPRESSION_OFFER, compressionNamed} from './compression.ts'
import {RERR, RsyncError} from './errors.ts'
import type {Input} from './input.ts'
import type {ServerOptions} from './server-options.ts'
import type {Output} from './output.ts'

/** The newest version that we speak, and the oldest. */
const PROTOCOL = 32
const OLDEST = 27
const SENSIBLE = 40

const COMPAT = {
	symlinkTimes: 0x2,
	safeFlist: 0x8,
	avoidXattrOptimization: 0x10,
	checksumSeedFix: 0x20,
	inplacePartialDir: 0x40,
	varintFlags: 0x80,
	idZeroNames: 0x100,
} as const

/** What a client's letter allows. */
const LETTERS: Readonly<Record<string, number>> = {
	L: COMPAT.symlinkTimes,
	f: COMPAT.safeFlist,
	x: COMPAT.avoidXattrOptimization,
	C: COMPAT.checksumSeedFix,
	I: COMPAT.inplacePartialDir,
	v: COMPAT.varintFlags,
	u: COMPAT.idZeroNames,
}

/** Block sums are of the blocks alone: those that were made once stay valid. */
export const SEED = 0

/** What both sides agreed on. */
export type Agreed = {
	readonly protocol: number
	readonly varintFlags: boolean
	/** The list of owners has the name of id 0. */
	readonly idZeroNames: boolean
	/** Names of the checksums of transferred files, and of those in the list (-c). */
	readonly checksum: string
	readonly listChecksum: string
	readonly compression: Compression
	readonly seedFix: boolean
	/** No values of attributes are asked for of further names of a file. */
	readonly xattrOptimization: boolean
}

/** Exchanges the versions on a connection that has no greeting. */
export async function exchangeVersions(input: Input, output: Output): Promise<number> {
	output.int(PROTOCOL)
	await output.flush()
	const theirs = await input.read((cursor) => cursor.int())
	if (theirs < OLDEST || theirs > SENSIBLE)
		throw new RsyncError(
			RERR.protocol,
			theirs > 0 && theirs < OLDEST
				? `the client speaks protocol ${theirs}, the oldest that is understood is ${OLDEST}`
				: 'what came is not the rsync protocol; is something printed before it starts?',
		)
	return Math.min(PROTOCOL, theirs)
}

/** All that follows the versions, up to the first frame. */
export async function agree(
	input: Input,
	output: Output,
	{protocol, options}: {readonly protocol: number; readonly options: ServerOptions},
): Promise<Agreed> {
	const letters = options.capabilities ?? ''
	let flags = 0
	if (protocol >= 30) {
		for (const letter of letters) flags |= LETTERS[letter] ?? 0
		flags |= COMPAT.symlinkTimes
		if (protocol >= 31) flags |= COMPAT.safeFlist
		output.varint(flags)
	}
	const negotiates = (flags & COMPAT.varintFlags) !== 0
	const names = await negotiate(input, output, negotiates, options)
	output.int(SEED)
	await output.flush()
	return {
		protocol,
		varintFlags: negotiates,
		idZeroNames: (flags & COMPAT.idZeroNames) !== 0,
		seedFix: (flags & COMPAT.checksumSeedFix) !== 0,
		xattrOptimization: protocol >= 31 && (flags & COMPAT.avoidXattrOptimization) === 0,
		...names,
	}
}

type Names = Pick<Agreed, 'checksum' | 'listChecksum' | 'compression'>

async function negotiate(
	input: Input,
	output: Output,
	negotiates: boolean,
	options: ServerOptions,
): Promise<Names> {
	const {checksumChoice, compressChoice, compress} = options
	const asksChecksum = negotiates && checksumChoice === undefined
	const asksCompression = negotiates && compress && compressChoice === undefined
	if (asksChecksum) output.vstring(CHECKSUM_OFFER)
	if (asksCompression) output.vstring(COMPRESSION_OFFER)
	if (asksChecksum || asksCompression) await output.flush()
	const checksums = asksChecksum
		? common(CHECKSUM_OFFER, await input.read((cursor) => cursor.vstring()), 'checksum')
		: (checksumChoice ?? 'auto')
	const [checksum = 'auto', listChecksum = checksum, ...more] = checksums.split(',')
	if (more.length > 0)
		throw new RsyncError(RERR.syntax, `--checksum-choice=${checksums} names more than two checksums`)
	const theirs = asksCompression ? await input.read((cursor) => cursor.vstring()) : undefined
	const compression =
		theirs === undefined
			? (compressChoice ?? (compress ? 'zlib' : 'none'))
			: common(COMPRESSION_OFFER, theirs, 'compression')
	return {checksum, listChecksum, compression: compressionNamed(compression)}
}

/** The first of the client's names that we have too: newer and older clients come to the same. */
function common(ours: string, theirs: string, what: string): string {
	const known = new Set(ours.split(' '))
	const name = theirs.split(' ').find((offered) => known.has(offered))
	if (name === undefined)
		throw new RsyncError(
			RERR.unsupported,
			`no ${what} in common: the client has '${theirs}', offered are '${ours}'`,
		)
	return name
}
