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
/** Bytes of a size. */
const SIZE = 6
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
		if (name === 'remoteSize') extra[name] = readSize(heap.subarray(start, at))
		else extra[name] = HEX.has(tag) ? heap.hexSlice(start, at) : heap.utf8Slice(start, at)
	}
	return extra
}

const corrupt = (why: string) => fatal(`the index is corrupt: ${why}`)

const lengthAt = (heap: Buffer, at: number): number => (heap[at + 1] ?? 0) | ((heap[at + 2] ?? 0) << 8)

function readSize(bytes: Buffer): number {
	if (bytes.length !== SIZE) throw corrupt('a size does not have six bytes')
	return bytes.readUIntLE(0, SIZE)
}

/** How many bytes the fields at `place` - 1 take, their end included. */
export function extraLength(heap: Buffer, place: number): number {
	let at = place - 1
	while (heap[at] !== 0 && at < heap.length) at += HEAD + lengthAt(heap, at)
	return at - place + 2
}

/** The fields of `entry` that its flags do not say already, or undefined if there are none; valid until the next call. */
export function encodeExtra(entry: Entry, flags: number): Buffer | undefined {
	const {local, remote, base} = entry
	const fields = new Fields()
	if (remote && !(flags & F.etagIsMd5)) fields.text(X.etag, remote.etag)
	if (remote && !(flags & F.sameSize)) fields.size(X.remoteSize, remote.size)
	if (remote?.alias !== undefined) fields.text(X.alias, remote.alias)
	if (remote?.version !== undefined) fields.text(X.version, remote.version)
	if (base?.md5 !== undefined && !(flags & F.sameContent)) fields.hex(X.baseMd5, base.md5)
	if (entry.attrs !== undefined && !(flags & F.sameAttrs)) fields.hex(X.attrs, entry.attrs)
	if (local?.rdev !== undefined) fields.text(X.rdev, local.rdev)
	if (local?.link !== undefined) fields.hex(X.link, local.link)
	if (local?.xattrs !== undefined) fields.hex(X.xattrs, local.xattrs)
	if (base?.was) fields.text(X.was, formatWas(base.was))
	return fields.end()
}

/** Room for the fields of one entry, which is used again for the next. */
let room = Buffer.alloc(1024)

/** The fields of one entry, written one behind the other. */
class Fields {
	#at = 0

	text(tag: number, value: string): void {
		const length = Buffer.byteLength(value)
		this.#head(tag, length)
		this.#at += room.write(value, this.#at, 'utf8')
	}

	hex(tag: number, value: string): void {
		this.#head(tag, value.length / 2)
		this.#at += room.hexWrite(value, this.#at, value.length / 2)
	}

	size(tag: number, value: number): void {
		this.#head(tag, SIZE)
		this.#at = room.writeUIntLE(value, this.#at, SIZE)
	}

	end(): Buffer | undefined {
		if (this.#at === 0) return undefined
		room[this.#at] = 0
		return room.subarray(0, this.#at + 1)
	}

	#head(tag: number, length: number): void {
		if (length > LIMIT) throw fatal(`a field of ${length} bytes does not fit in the index`)
		const needed = this.#at + HEAD + length + 1
		if (needed > room.length) room = Buffer.concat([room], 2 * needed)
		room[this.#at] = tag
		room[this.#at + 1] = length & 0xff
		room[this.#at + 2] = length >>> 8
		this.#at += HEAD
	}
}

/** Without the last two in an index that was written before they were kept. */
const WAS = /^\d+ \d+ -?\d+ \d+ \d+(?: (?:[0-9a-f]{12}|-) (?:[0-9a-f]{32}|-))?$/
const NOTHING = '-'

const formatWas = (w: Was): string =>
	[w.mode, w.size, w.mtime, w.uid, w.gid, w.link ?? NOTHING, w.xattrs ?? NOTHING].join(' ')

/** What encodeExtra made of an entry's `was`. */
export function parseWas(text: string | undefined): Was | undefined {
	if (text === undefined) return undefined
	const [mode, size, mtime, uid, gid, link, xattrs] = text.split(' ')
	if (!WAS.test(text)) throw corrupt('what a file was is not well formed')
	return {
		mode: Number(mode),
		size: Number(size),
		mtime: BigInt(mtime ?? 0),
		uid: Number(uid),
		gid: Number(gid),
		link: link === NOTHING ? undefined : link,
		xattrs: xattrs === NOTHING ? undefined : xattrs,
	}
}
