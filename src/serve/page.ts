// One page of a listing: the walk over sorted keys that all listings share.

import {S3Error} from './errors.ts'
import type {Call} from './call.ts'
import type {SortedKeys} from './keys.ts'
import {percentEncode} from './uri.ts'

export type Page<Item> = {
	readonly items: readonly Item[]
	readonly prefixes: readonly string[]
	readonly truncated: boolean
	/** The last key or common prefix of the page. */
	readonly last: string
}

export type Walk<Item> = {
	readonly prefix: string
	/** Keys with the same beginning, as far as this follows the prefix, are listed as one. '' for none. */
	readonly delimiter: string
	/** Only keys and common prefixes after this one. */
	readonly after: string
	/** Whether the key `after` has items yet to list. */
	readonly inclusive?: boolean
	readonly limit: number
	/** What a key is listed as; nothing, if it is hidden. */
	readonly expand: (key: string) => readonly Item[]
}

/** Greater than every key with this prefix: no UTF-8 has the byte 0xff. */
const beyond = (prefix: string): string => `${prefix}\u00ff`

/** Collects one page. */
export function walk<Item>(
	keys: SortedKeys,
	{prefix, delimiter, after, inclusive, limit, expand}: Walk<Item>,
): Page<Item> {
	const items: Item[] = []
	const prefixes: string[] = []
	let last = after
	const page = (truncated: boolean): Page<Item> => ({items, prefixes, truncated, last})
	if (limit === 0) return page(false)

	let sorted = keys.from(after > prefix ? after : prefix)
	for (let step = sorted.next(); step.done !== true; step = sorted.next()) {
		const key = step.value
		if (!key.startsWith(prefix)) break
		if (key === after && inclusive !== true) continue
		const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
		const common = end < 0 ? undefined : key.slice(0, end + delimiter.length)
		const listed = common !== undefined && common <= after
		const found = listed ? [] : expand(key)
		if (common === undefined) {
			for (const item of found) {
				if (items.length + prefixes.length >= limit) return page(true)
				items.push(item)
				last = key
			}
			continue
		}
		if (found.length === 0 && !listed) continue
		if (!listed) {
			if (items.length + prefixes.length >= limit) return page(true)
			prefixes.push(common)
			last = common
		}
		sorted = keys.from(beyond(common))
	}
	return page(false)
}

/** The parameters that all listings share. */
export function listParameters(call: Call): {
	prefix: string
	delimiter: string
	encode: (text: string) => string
	encoding: string | undefined
} {
	const encoding = call.query.get('encoding-type')
	if (encoding !== undefined && encoding !== 'url')
		throw new S3Error('InvalidArgument', 'Invalid Encoding Method specified in Request')
	return {
		prefix: call.query.get('prefix') ?? '',
		delimiter: call.query.get('delimiter') ?? '',
		encoding,
		encode: encoding === undefined ? (text) => text : (text) => percentEncode(text, true),
	}
}
