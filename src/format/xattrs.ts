// A file's extended attributes <-> bytes. See s3r-metadata(5), EXTENDED ATTRIBUTES.
//
//	<length of name> SP <length of value> LF <name> <value>		for each, in byte order of the names

import {createHash} from 'node:crypto'
import {SIDE} from './key.ts'

/** A name (byte string) and its value. */
export type Xattr = readonly [name: string, value: Buffer]

/** Where below the prefix a side object with xattrs of this MD5 (hex) lies. */
export const xattrsKey = (md5: string): string => `${SIDE}xattrs/${md5}`

/** The bytes of a set of xattrs: the same for every order that they are given in. */
export function encodeXattrs(xattrs: readonly Xattr[]): Buffer {
	const sorted = xattrs.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
	return Buffer.concat(
		sorted.flatMap(([name, value]) => [
			Buffer.from(`${name.length} ${value.length}\n${name}`, 'latin1'),
			value,
		]),
	)
}

/** The xattrs that these bytes are of, or undefined if they are of none. */
export function decodeXattrs(bytes: Buffer): Xattr[] | undefined {
	const xattrs: Xattr[] = []
	for (let at = 0; at < bytes.length;) {
		const header = /^(\d{1,9}) (\d{1,9})\n/.exec(bytes.toString('latin1', at, at + 20))
		if (!header) return undefined
		const name = at + header[0].length
		const value = name + Number(header[1])
		const end = value + Number(header[2])
		if (end > bytes.length) return undefined
		xattrs.push([bytes.toString('latin1', name, value), bytes.subarray(value, end)])
		at = end
	}
	return xattrs
}

/** The MD5 (hex) that names a side object with these bytes. */
export const xattrsDigest = (bytes: Buffer): string => createHash('md5').update(bytes).digest('hex')
