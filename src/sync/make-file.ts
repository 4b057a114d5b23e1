// One object into one file, of any type but a directory.

import {createHash} from 'node:crypto'
import {errnoOf, fatal} from '../base/errors.ts'
import type {Path} from '../base/path.ts'
import {type Entry, inSync, TYPE} from '../format/entry.ts'
import type {Status} from '../format/record.ts'
import type {Got} from '../store/store.ts'
import {leave} from '../store/whole.ts'
import type {Arrival} from './arrival.ts'
import type {Lost, NewFile} from './disk.ts'
import {rereading, verify, vouchedMd5} from './content.ts'
import {download, rangesOf} from './download.ts'
import type {Receiver} from './receive.ts'

/** The longest target of a symlink (PATH_MAX without its NUL). */
const TARGET_LIMIT = 4095

/** Fetches the object of an entry, unless `got` is the reply to that, and makes its file, in the place of what the index knows there. */
export async function makeFile(receiver: Receiver, status: Status, entry: Entry, got?: Got): Promise<void> {
	// before anything is waited for: what that notes is on the disk before the directory changes
	receiver.directories.touch(entry.path)
	let here = got
	await rereading(() => {
		const known = here
		here = undefined
		return fetchFile(receiver, status, entry, known)
	})
}

async function fetchFile(
	receiver: Receiver,
	status: Status,
	entry: Entry,
	known: Got | undefined,
): Promise<void> {
	const {preserve} = receiver.options
	const got = known ?? (await ask(receiver, entry))
	try {
		const arrival = await receiver.arrival(entry, got.head)
		const {link} = arrival.attributes
		if (!preserve.hardLinks || link === undefined || arrival.type !== TYPE.file)
			return await make(receiver, status, entry, arrival, got)
		const first = receiver.links.find(link)
		if (first !== undefined && (await linked(receiver, status, entry, arrival, first))) return
		const making = make(receiver, status, entry, arrival, got)
		receiver.links.making(link, entry.path, making)
		await making
	} finally {
		await leave(got.body)
	}
}

/** Asks for an object; of one that comes in ranges only for its head, for what is sent of a body that nobody reads is paid for, too. */
async function ask(receiver: Receiver, entry: Entry): Promise<Got> {
	const {store} = receiver.options
	const [key, version] = [receiver.key(entry), receiver.version(entry)]
	const head = rangesOf(entry.remote?.size ?? 0) > 0 ? await store.head(key, version) : undefined
	const get = (ifMatch?: string) => store.get(key, {...version, ifMatch, lent: true})
	return head === undefined ? get() : {head, body: later(() => get(head.etag))}
}

/** A body that is asked for when it is read. */
async function* later(get: () => Promise<Got>): AsyncGenerator<Buffer> {
	yield* (await get()).body
}

/** Makes a hard link to another name of the same file; false if that name is not there or holds something else. */
async function linked(
	receiver: Receiver,
	status: Status,
	entry: Entry,
	arrival: Arrival,
	first: Promise<string | undefined>,
): Promise<boolean> {
	const path = await first
	const other = path === undefined || path === entry.path ? undefined : receiver.options.session.get(path)
	if (!other?.local || !isSameContent(other, arrival)) return false
	replace(receiver, status, entry, arrival, other.local.md5, () => {
		receiver.options.disk.link(entry.path, other.path)
		return NONE
	})
	// the link count changed, and with it the ctime of every name
	receiver.notes.refresh(other.path)
	return true
}

/** Whether a file here has the content of an object. Of the same content sent in parts and copied by the store the ETags differ. */
function isSameContent(other: Entry, arrival: Arrival): boolean {
	const md5 = vouchedMd5(arrival)
	if (md5 !== undefined && other.local?.md5 === md5) return true
	return inSync(other) && other.remote?.etag === arrival.head.etag
}

async function make(
	receiver: Receiver,
	status: Status,
	entry: Entry,
	arrival: Arrival,
	got: Got,
): Promise<void> {
	if (arrival.type === TYPE.file) await regular(receiver, status, entry, arrival, got)
	else if (arrival.type === TYPE.symlink) await symlink(receiver, status, entry, arrival, got)
	else special(receiver, status, entry, arrival)
}

async function regular(
	receiver: Receiver,
	status: Status,
	entry: Entry,
	arrival: Arrival,
	got: Got,
): Promise<void> {
	const {store, disk, signal, events, partial, force, backup} = receiver.options
	const {path} = entry
	const maybeNew = entry.local === undefined && force !== true && backup === undefined
	const file = disk.create(path, {maybeNew, mode: arrival.attributes.mode})
	try {
		const source = {
			large: receiver.large,
			hashes: receiver.hashes,
			sums: receiver.sums,
			store,
			key: receiver.key(entry),
			...receiver.version(entry),
			signal,
			onBytes: (bytes: number) => events.moved(bytes, path),
			partial,
		}
		const {md5} = await download(arrival, got.body, file, source)
		const isFree = !file.replaces || receiver.clearing.mayReplace(entry)
		const placed = isFree ? place(receiver, file, path, arrival) : undefined
		if (placed === undefined) return receiver.notes.tell('C', entry)
		receiver.notes.warn(placed.lost)
		receiver.notes.same(status, entry, arrival, md5, placed.stat)
	} finally {
		file.discard()
	}
}

/** Puts a file in its place; undefined where it replaces nothing and something came there meanwhile. */
function place(receiver: Receiver, file: NewFile, path: Path, {attributes}: Arrival) {
	receiver.clearing.keepBackup(path)
	try {
		return file.commit(attributes)
	} catch (error) {
		if (!file.replaces && errnoOf(error) === 'EEXIST') return undefined
		throw error
	}
}

async function symlink(
	receiver: Receiver,
	status: Status,
	entry: Entry,
	arrival: Arrival,
	got: Got,
): Promise<void> {
	if (arrival.head.size > TARGET_LIMIT)
		throw fatal(`its target has ${arrival.head.size} bytes, too many for a symlink`)
	const pieces: Buffer[] = []
	for await (const piece of got.body) pieces.push(Buffer.from(piece))
	const target = Buffer.concat(pieces)
	if (target.length === 0 || target.includes(0)) throw fatal('its target is not one that a symlink can have')
	const md5 = createHash('md5').update(target).digest('hex')
	verify(arrival, {size: target.length, md5})
	const put = () => receiver.options.disk.symlink(entry.path, target, arrival.attributes)
	replace(receiver, status, entry, arrival, md5, put)
}

function special(receiver: Receiver, status: Status, entry: Entry, arrival: Arrival): void {
	const {disk, events, preserve} = receiver.options
	if (!preserve.archive) return events.warn('special', 'devices, FIFOs and sockets come back with -a only')
	replace(receiver, status, entry, arrival, undefined, () => disk.special(entry.path, arrival.attributes))
}

const NONE: Lost = new Map()

/** Puts a new file in its place, unless somebody changed what is there while it came: that is a conflict. */
function replace(
	receiver: Receiver,
	status: Status,
	entry: Entry,
	arrival: Arrival,
	md5: string | undefined,
	put: () => Lost,
): boolean {
	const {notes} = receiver
	const isFree = receiver.clearing.mayReplace(entry)
	if (isFree) {
		receiver.clearing.keepBackup(entry.path)
		const lost = put()
		notes.warn(lost)
		if (!lost.has('device')) notes.same(status, entry, arrival, md5)
	} else notes.tell('C', entry)
	return isFree
}
