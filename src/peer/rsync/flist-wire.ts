// What both directions of the file list's entries share: which fields there are, and the flags that say so. See
// s3r-rsync(5), FILE LIST.

import {TYPE, typeOf} from '../../format/entry.ts'

/** What decides about the fields that entries have. */
export type FlistForm = {
	readonly protocol: number
	/** Flags are varints. */
	readonly varintFlags: boolean
	readonly owner: boolean
	readonly group: boolean
	readonly devices: boolean
	readonly specials: boolean
	readonly links: boolean
	readonly hardLinks: boolean
	readonly acls: boolean
	readonly xattrs: boolean
	readonly atimes: boolean
	/** Bytes of the checksum that each regular file has, 0 for none. */
	readonly sumLength: number
	/** Names may begin with a '/', which means nothing (-R). */
	readonly relative: boolean
}

/** The flags of an entry, as the protocol names them. */
export const XMIT = {
	topDir: 0x1,
	sameMode: 0x2,
	extended: 0x4,
	sameUid: 0x8,
	sameGid: 0x10,
	sameName: 0x20,
	longName: 0x40,
	sameTime: 0x80,
	/** Of devices. */
	sameMajor: 0x100,
	/** Of directories. */
	noContent: 0x100,
	linked: 0x200,
	/** Protocols 28 and 29. */
	sameDev: 0x400,
	minor8: 0x800,
	/** Protocol 30 and later, with `linked`. */
	first: 0x1000,
	/** Protocol 30 and later, with `extended` alone. */
	endWithError: 0x1000,
	nsec: 0x2000,
	sameAtime: 0x4000,
} as const

const isDevice = (mode: number): boolean =>
	typeOf(mode) === TYPE.charDevice || typeOf(mode) === TYPE.blockDevice
const isSpecial = (mode: number): boolean => typeOf(mode) === TYPE.fifo || typeOf(mode) === TYPE.socket

/** Whether an entry has device numbers on the wire. */
export const hasNumbers = (mode: number, {devices, specials, protocol}: FlistForm): boolean =>
	(devices && isDevice(mode)) || (specials && isSpecial(mode) && protocol < 31)

/** What an entry may be said to have in common with the one before it. */
export type Previous = {
	name: string
	mode: number
	mtime: number
	atime: number
	uid: number
	gid: number
	major: number
	device: number
}
export const before = (): Previous => ({
	name: '',
	mode: 0,
	mtime: 0,
	atime: 0,
	uid: 0,
	gid: 0,
	major: 0,
	device: 0,
})
