// The fields of an index entry that few entries have: tag, length, bytes, ended by a zero tag.

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
}

const HEX = new Set<number>([X.baseMd5, X.attrs, X.link, X.xattrs])
const NAMES: Readonly<Record<number, keyof Extra>> = Object.fromEntries(
	Object.entries(X).map(([name, tag]) => [tag, name as keyof Extra]),
)
const NONE: Extra = {}

/** The fields at `place` - 1 in the heap; `place` 0 is an entry without any. */
export function decodeExtra(heap: Buffer, place: number): Extra {
	if (place === 0) return NONE
	const extra: Record<string, string | number> = {}
	for (let at = place - 1; ;) {
		const tag = heap[at++]
		if (tag === 0) return extra
		const name = NAMES[tag ?? -1]
		const length = heap[at++]
		if (name === undefined || length === undefined)
			throw fatal('the index is corrupt: an extra field has no end')
		const bytes = heap.subarray(at, at + length)
		at += length
		if (name === 'remoteSize') extra[name] = bytes.readUIntLE(0, 6)
		else extra[name] = HEX.has(tag ?? -1) ? bytes.toString('hex') : bytes.toString('latin1')
	}
}

/** How many bytes the fields at `place` - 1 take, their end included. */
export function extraLength(heap: Buffer, place: number): number {
	let at = place - 1
	while (heap[at] !== 0 && at < heap.length) at += 2 + (heap[at + 1] ?? 0)
	return at - place + 2
}

/** The fields of `entry` that its flags do not say already, or undefined if there are none. */
export function encodeExtra(entry: Entry, flags: number): Buffer | undefined {
	const {local, remote, base} = entry
	const extra: Extra = {}
	if (remote && !(flags & F.etagIsMd5)) extra.etag = remote.etag
	if (remote && !(flags & F.sameSize)) extra.remoteSize = remote.size
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
	} else bytes = Buffer.from(value, HEX.has(tag) ? 'hex' : 'latin1')
	if (bytes.length > 255) throw fatal(`a field of ${bytes.length} bytes does not fit in the index`)
	return [Buffer.of(tag, bytes.length), bytes]
}

const formatWas = (w: Was): string => [w.mode, w.size, w.mtime, w.uid, w.gid].join(' ')

/** What encodeExtra made of an entry's `was`. */
export function parseWas(text: string | undefined): Was | undefined {
	const [mode, size, mtime, uid, gid] = (text ?? '').split(' ')
	if (gid === undefined) return undefined
	return {
		mode: Number(mode),
		size: Number(size),
		mtime: BigInt(mtime ?? 0),
		uid: Number(uid),
		gid: Number(gid),
	}
}
