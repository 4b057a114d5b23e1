// Generated values, and small helpers, for the tests of the format floor.

import * as fc from './properties.ts'
import {S3rError} from '../../src/base/errors.ts'
import {fromUnicode, ROOT} from '../../src/base/path.ts'

export const byte = fc.integer({min: 0, max: 255}).map((b) => String.fromCharCode(b))
export const bytes = fc.string({unit: byte, minLength: 1, maxLength: 20})
export const utf8 = fc.string({unit: 'binary', minLength: 1, maxLength: 8}).map((s) => fromUnicode(s))
export const marked = fc
	.string({unit: fc.constantFrom('a', '\u{FFFD}', 'é', '/'), minLength: 1, maxLength: 6})
	.map(fromUnicode)
export const anyPath = fc.oneof(
	bytes,
	utf8,
	marked,
	fc.constantFrom('.s3r', '.s3r/', '.s3r/root', '.s3rx', ROOT),
)
export const id = fc.integer({min: 0, max: 0xffff_fffe})
export const ns = fc.bigInt({min: -(10n ** 19n), max: 10n ** 19n})
export const md5 = fc.string({
	unit: fc.constantFrom(...'0123456789abcdef'.split('')),
	minLength: 32,
	maxLength: 32,
})
export const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, {nil: undefined})
export const mode = fc
	.tuple(fc.constantFrom(0o100000, 0o040000, 0o120000, 0o010000, 0o020000), fc.integer({min: 0, max: 0o7777}))
	.map(([type, bits]) => type | bits)
export const defined = (object: object) =>
	Object.fromEntries(Object.entries(object).filter(([, v]) => v !== undefined))
export const statusOf = (f: () => unknown) => {
	try {
		f()
	} catch (error) {
		if (error instanceof S3rError) return [error.status, error.message]
		throw error
	}
	return undefined
}
