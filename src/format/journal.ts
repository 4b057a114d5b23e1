// The journal: entries as they were finished by a command that may yet die, one line each.
//
//	<8 hex digits: CRC-32 of the rest> SP <the entry as JSON, times as strings of nanoseconds> LF
//
// An entry without sides says that the path is forgotten.

import {crc32} from 'node:zlib'
import type {Base, Entry, Local} from './entry.ts'
import {SIZE_LIMIT} from './index-layout.ts'

const TIMES = new Set(['mtime', 'ctime', 'ino'])
const SUM = 9
const LF = 0x0a
const HEX = Array.from({length: 256}, (_, byte) => byte.toString(16).padStart(2, '0'))

function sum(text: string | Buffer): string {
	const crc = crc32(text)
	// most are no small integers, whose digits V8 finds by floating point, ten times as long
	return `${HEX[crc >>> 24]}${HEX[(crc >>> 16) & 255]}${HEX[(crc >>> 8) & 255]}${HEX[crc & 255]} `
}

/** The line of an entry, with its terminator. */
export function journalLine(entry: Entry): string {
	const {path, local, remote, base, attrs} = entry
	// a replacer would be asked for each value of each entry
	const json = JSON.stringify({
		path,
		local: local && localText(local),
		remote,
		base: base && baseText(base),
		attrs,
	})
	return `${sum(json)}${json}\n`
}

const localText = ({mode, size, mtime, ctime, ino, uid, gid, md5, rdev, link, xattrs}: Local) => ({
	mode,
	size,
	mtime: String(mtime),
	ctime: String(ctime),
	ino: String(ino),
	uid,
	gid,
	md5,
	rdev,
	link,
	xattrs,
})

const baseText = (base: Base) =>
	base.was ? {...base, was: {...base.was, mtime: String(base.was.mtime)}} : base

/** The entries of a journal, up to the first line that was not written whole. */
export function* parseJournal(bytes: Buffer): Iterable<Entry> {
	for (let from = 0, to = bytes.indexOf(LF); to >= 0; from = to + 1, to = bytes.indexOf(LF, from)) {
		const json = bytes.subarray(from + SUM, to)
		if (bytes.toString('latin1', from, from + SUM) !== sum(json)) return
		const entry = read(json.toString('utf8'))
		if (entry === undefined) return
		yield entry
	}
}

/** The entry of a line, or undefined if it is of none: its checksum tells what was cut off, not who wrote it. */
function read(json: string): Entry | undefined {
	try {
		const value = JSON.parse(json, (key, found: unknown) =>
			TIMES.has(key) && typeof found === 'string' ? BigInt(found) : found,
		) as unknown
		return isEntry(value) ? value : undefined
	} catch {
		return undefined
	}
}

type Fields = Readonly<Record<string, unknown>>
const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null

const isEntry = (value: unknown): value is Entry =>
	isFields(value) &&
	typeof value['path'] === 'string' &&
	value['path'] !== '' &&
	isText(value['attrs'], 16) &&
	isSide(value['local'], isLocal) &&
	isSide(value['remote'], isRemote) &&
	isSide(value['base'], isBase)

const isSide = (value: unknown, is: (fields: Fields) => boolean): boolean =>
	value === undefined || (isFields(value) && is(value))

const isWhole = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0
const isText = (value: unknown, digits: number): boolean =>
	value === undefined || (typeof value === 'string' && value.length === digits && /^[0-9a-f]*$/.test(value))

const isStat = ({mode, size, uid, gid, mtime}: Fields): boolean =>
	[mode, size, uid, gid].every(isWhole) && Number(size) < SIZE_LIMIT && typeof mtime === 'bigint'

const isLocal = (local: Fields): boolean =>
	isStat(local) &&
	typeof local['ctime'] === 'bigint' &&
	typeof local['ino'] === 'bigint' &&
	isText(local['md5'], 32) &&
	isText(local['link'], 12) &&
	isText(local['xattrs'], 32) &&
	['undefined', 'string'].includes(typeof local['rdev'])

const isWas = (was: Fields): boolean => isStat(was) && isText(was['link'], 12) && isText(was['xattrs'], 32)

const isRemote = ({etag, size, modified, version, alias}: Fields): boolean =>
	typeof etag === 'string' &&
	isWhole(size) &&
	Number(size) < SIZE_LIMIT &&
	(modified === undefined || isWhole(modified)) &&
	[version, alias].every((text) => ['undefined', 'string'].includes(typeof text))

const isBase = ({type, md5, attrs, was}: Fields): boolean =>
	isWhole(type) && isText(md5, 32) && typeof attrs === 'string' && isText(attrs, 16) && isSide(was, isWas)
