// S3's additional checksums: how they are named, declared by a request, and computed.

import {createHash} from 'node:crypto'
import {combine, Crc32, Crc32c, Crc64Nvme, type Hasher, POLYNOMIALS} from './crc.ts'
import {S3Error} from './errors.ts'
import type {Checksum, ChecksumType} from './model.ts'

const HASHERS = {
	CRC32: () => new Crc32(),
	CRC32C: () => new Crc32c(),
	CRC64NVME: () => new Crc64Nvme(),
	SHA1: () => createHash('sha1'),
	SHA256: () => createHash('sha256'),
} as const satisfies Record<string, () => Hasher>
const LENGTHS = {CRC32: 4, CRC32C: 4, CRC64NVME: 8, SHA1: 20, SHA256: 32} as const

export type Algorithm = keyof typeof HASHERS
const ALGORITHMS = Object.keys(HASHERS) as Algorithm[]
const HEADERS = ALGORITHMS.map((algorithm) => [algorithm, headerOf(algorithm)] as const)

type Headers = Readonly<Record<string, string | string[] | undefined>>

/** The header that carries a checksum of this algorithm. */
export function headerOf(algorithm: Algorithm): string {
	return `x-amz-checksum-${algorithm.toLowerCase()}`
}

/** The element that carries a checksum of this algorithm. */
export const elementOf = (algorithm: Algorithm): string => `Checksum${algorithm}`

export const hasherOf = (algorithm: Algorithm): Hasher => HASHERS[algorithm]()

/** The algorithm of this name; undefined without a name. */
export function parseAlgorithm(name: string | undefined): Algorithm | undefined {
	if (name === undefined) return undefined
	const found = ALGORITHMS.find((algorithm) => algorithm === name.toUpperCase())
	if (found === undefined) throw new S3Error('InvalidRequest', 'Checksum algorithm provided is unsupported')
	return found
}

/** A checksum of the body that the request declares: in a header, or (without a value yet) in a trailer. */
export type Declared = {readonly algorithm: Algorithm; readonly value?: string | undefined}

/** What a request declares about its body's checksum. */
export function declaredChecksum(headers: Headers): Declared | undefined {
	const inTrailer = headers['x-amz-trailer']
	const named = parseAlgorithm(headers['x-amz-sdk-checksum-algorithm'] as string | undefined)
	const found: Declared[] = []
	for (const [algorithm, header] of HEADERS) {
		const value = headers[header] as string | undefined
		if (value !== undefined) found.push({algorithm, value: checkedValue(algorithm, value)})
		else if (inTrailer === header) found.push({algorithm})
	}
	if (found.length > 1) throw new S3Error('InvalidRequest', 'Expecting a single x-amz-checksum- header')
	if (named !== undefined && found[0]?.algorithm !== named)
		throw new S3Error(
			'InvalidRequest',
			'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer header was found',
		)
	return found[0]
}

/** The value, if it is base64 of the length that the algorithm makes. */
export function checkedValue(algorithm: Algorithm, value: string): string {
	const bytes = Buffer.from(value, 'base64')
	if (bytes.length !== LENGTHS[algorithm] || bytes.toString('base64') !== value)
		throw new S3Error('InvalidRequest', `Value for ${headerOf(algorithm)} header is invalid`)
	return value
}

/** The type that a multipart upload's checksum has when it asks for none, and whether it may be `type`. */
export function multipartType(algorithm: Algorithm, type: string | undefined): ChecksumType {
	const isCrc = algorithm in POLYNOMIALS
	const wanted = type ?? (algorithm === 'CRC64NVME' ? 'FULL_OBJECT' : 'COMPOSITE')
	if (wanted === 'FULL_OBJECT' && isCrc) return wanted
	if (wanted === 'COMPOSITE' && algorithm !== 'CRC64NVME') return wanted
	throw new S3Error('InvalidRequest', `The ${wanted} checksum type cannot be used with ${algorithm}`)
}

/** The checksum of a multipart object, from those of its parts. */
export function multipartChecksum(
	{algorithm, type}: {readonly algorithm: Algorithm; readonly type: ChecksumType},
	parts: readonly {readonly checksum?: string | undefined; readonly size: number}[],
): Checksum {
	const crcs = parts.map(({checksum = '', size}) => ({crc: Buffer.from(checksum, 'base64'), size}))
	if (type === 'FULL_OBJECT' && algorithm in POLYNOMIALS)
		return {algorithm, type, value: combine(algorithm as keyof typeof POLYNOMIALS, crcs).toString('base64')}
	const hasher = hasherOf(algorithm)
	for (const {crc} of crcs) hasher.update(crc)
	return {algorithm, type, value: `${hasher.digest().toString('base64')}-${parts.length}`}
}

/** The headers that return a checksum. */
export function checksumHeaders(checksum: Checksum | undefined): Record<string, string> {
	if (checksum === undefined) return {}
	return {[headerOf(checksum.algorithm)]: checksum.value, 'x-amz-checksum-type': checksum.type}
}
