// The fields of an index entry that few entries have: tag, length (16 bit), bytes, ended by a zero tag.

import {fatal} from '../base/errors.ts'
import type {Entry, Was} from './entry.ts'
import {F, X} from './index-layout.ts'

export type Extra = {
	etag?: string
	remoteSize?: number
	version?: string
	baseMd5?: string
	attrs?: string
	rdev?: string
	link?: string
	xattrs?: string
	was?: string
	alias?: string
}

/** Bytes of a tag and a length. */
const HEAD = 3
const LIMIT = 0xffff
const HEX = new Set<number>([X.baseMd5, X.attrs, X.link, X.xattrs])
const NAMES: Readonly<Record<number, keyof Extra>> = Object.fromEntries(
	Object.entries(X).map(([name, tag]) => [tag, name as keyof Extra]),
)
const NONE: Extra = {}

/** The fields at `place` - 1 in the heap; `place` 0 is an entry without any. */
export function decodeExtra(heap: Buffer, place: number): Extra {
	if (place === 0) return NONE
	const extra: Record<string, string | number> = {}
	let at = place - 1
	for (let tag = heap[at]; tag !== 0; tag = heap[at]) {
		const name = NAMES[tag ?? -1]
		if (tag === undefined || name === undefined) throw corrupt('an extra field is of no kind')
		const start = at + HEAD
		at = start + lengthAt(heap, at)
		if (at >= heap.length) throw corrupt('an extra field has no end')
		const bytes = heap.subarray(start, at)
		if (name === 'remoteSize') extra[name] = readSize(bytes)
		else extra[name] = HEX.has(tag) ? bytes.toString('hex') : bytes.toString('utf8')
	}
	return extra
}

const corrupt = (why: string) => fatal(`the index is corrupt: ${why}`)

const lengthAt = (heap: Buffer, at: number): number => (heap[at + 1] ?? 0) | ((heap[at + 2] ?? 0) << 8)

function readSize(bytes: Buffer): number {
	if (bytes.length !== 6) throw corrupt('a size does not have six bytes')
	return bytes.readUIntLE(0, 6)
}

/** How many bytes the fields at `place` - 1 take, their end included. */
export function extraLength(heap: Buffer, place: number): number {
	let at = place - 1
	while (heap[at] !== 0 && at < heap.length) at += HEAD + lengthAt(heap, at)
	return at - place + 2
}

/** The fields of `entry` that its flags do not say already, or undefined if there are none. */
export function encodeExtra(entry: Entry, flags: number): Buffer | undefined {
	const {local, remote, base} = entry
	const extra: Extra = {}
	if (remote && !(flags & F.etagIsMd5)) extra.etag = remote.etag
	if (remote && !(flags & F.sameSize)) extra.remoteSize = remote.size
	if (remote?.alias !== undefined) extra.alias = remote.alias
	if (remote?.version !== undefined) extra.version = remote.version
	if (base?.md5 !== undefined && !(flags & F.sameContent)) extra.baseMd5 = base.md5
	if (entry.attrs !== undefined && !(flags & F.sameAttrs)) extra.attrs = entry.attrs
	if (local?.rdev !== undefined) extra.rdev = local.rdev
	if (local?.link !== undefined) extra.link = local.link
	if (local?.xattrs !== undefined) extra.xattrs = local.xattrs
	if (base?.was) extra.was = formatWas(base.was)
	const fields = Object.entries(extra) as [keyof Extra, string | number][]
	if (fields.length === 0) return undefined
	return Buffer.concat([...fields.flatMap(([name, value]) => field(X[name], value)), Buffer.of(0)])
}

function field(tag: number, value: string | number): Buffer[] {
	let bytes: Buffer
	if (typeof value === 'number') {
		bytes = Buffer.alloc(6)
		bytes.writeUIntLE(value, 0, 6)
	} else bytes = Buffer.from(value, HEX.has(tag) ? 'hex' : 'utf8')
	if (bytes.length > LIMIT) throw fatal(`a field of ${bytes.length} bytes does not fit in the index`)
	return [Buffer.of(tag, bytes.length & 0xff, bytes.length >> 8), bytes]
}

const WAS = /^\d+ \d+ -?\d+ \d+ \d+$/

const formatWas = (w: Was): string => [w.mode, w.size, w.mtime, w.uid, w.gid].join(' ')

/** What encodeExtra made of an entry's `was`. */
export function parseWas(text: string | undefined): Was | undefined {
	if (text === undefined) return undefined
	const [mode, size, mtime, uid, gid] = text.split(' ')
	if (!WAS.test(text)) throw corrupt('what a file was is not well formed')
	return {
		mode: Number(mode),
		size: Number(size),
		mtime: BigInt(mtime ?? 0),
		uid: Number(uid),
		gid: Number(gid),
	}
}
