// What a pull notes in the index of what it has done, and tells.

import {isDirectory, type Path} from '../base/path.ts'
import {
	agreed,
	type Entry,
	type Local,
	type RemoteSide,
	TYPE,
	typeOf,
	type Was,
	withLocal,
} from '../format/entry.ts'
import type {Known} from '../format/metadata.ts'
import type {Status} from '../format/record.ts'
import type {Stat} from '../local/stat.ts'
import {encodeXattrs, xattrsDigest} from '../format/xattrs.ts'
import type {Arrival} from './arrival.ts'
import {digestOf} from './attributes.ts'
import type {receivedFile} from './crew-receive.ts'
import {localRecord, remoteRecord} from '../format/sides.ts'
import {type Kept, localOf} from './local.ts'
import type {ReceiveOptions} from './receive.ts'
import {isAsKnown} from './unchanged.ts'

/** A file as it is, and the head of its object. */
type Now = Omit<ReturnType<typeof receivedFile>, 'lost'>

/** A name of a file that has several, and what the file was when this run had last to do with one of them. */
type Disturbed = {readonly path: Path; readonly ino: bigint; readonly ctime: bigint}

export class Notes {
	readonly #options: ReceiveOptions
	/**
	 * Groups of hard links that lost or got a name or attributes in this run, which changes the ctime of their other names, and maybe
	 * their times: one of the names of the file and its ctime since, where these are known.
	 */
	readonly #disturbed = new Map<string, Disturbed | undefined>()

	constructor(options: ReceiveOptions) {
		this.#options = options
	}

	/** Whether the file is what the index says, or is not there: then nothing of it can be lost. */
	isAsIndexed({path, local}: Entry): boolean {
		const stat = this.#options.disk.stat(path)
		if (isAsKnown(stat, local)) return true
		if (!local || !stat || stat.size !== local.size || BigInt(stat.ino) !== local.ino) return false
		if (local.link === undefined || !this.#disturbed.has(local.link)) return false
		return stat.ctime === this.#disturbed.get(local.link)?.ctime || stat.mtime === local.mtime
	}

	/** Takes note of a name that is gone, and with it of what that does to the other names of the file. */
	gone({path, local}: Entry): void {
		if (local?.link !== undefined) this.#lostName(local.link)
		this.#options.session.forget(path)
	}

	/** Notes in the index that both sides are the same now, and tells of it; `stat` is what is here, where it was looked at. */
	same(
		status: Status,
		entry: Entry,
		{head, attributes, type}: Arrival,
		md5: string | undefined,
		stat = this.#options.disk.stat(entry.path),
	): void {
		const {owners, preserve} = this.#options
		const link = preserve.hardLinks ? attributes.link : undefined
		const local = stat && localNow(entry.path, stat, {md5, link, xattrs: xattrsOf(attributes)})
		if (local) this.#note(entry, {local, attrs: digestOf(local, owners), head}, type)
		this.tell(status, local ? withLocal(entry, local, entry.attrs) : entry, entry.local)
	}

	/** The same of a file that a thread brought. */
	brought(status: Status, entry: Entry, received: Now): void {
		this.#note(entry, received, TYPE.file)
		this.tell(status, withLocal(entry, received.local, entry.attrs), entry.local)
	}

	#note({path, local: was, remote: known}: Entry, {local, attrs, head}: Now, type: number): void {
		const {etag, size, version} = head
		// of a version that was listed, the index knows more than its head does
		const modified = this.#options.pinned ? known?.modified : Math.floor(head.modified / 1000)
		const remote = {etag, size, modified, version, alias: known?.alias}
		const entry = agreed({path, local, remote, attrs}, type)
		if (this.#options.remembers?.(entry) !== false) this.#options.session.put(entry)
		if (was?.link === undefined) return
		if (local.ino === was.ino) this.#disturb(path, was.link, local)
		else this.#lostName(was.link)
	}

	#disturb(path: Path, link: string, {ino, ctime}: Pick<Local, 'ino' | 'ctime'>): void {
		this.#disturbed.set(link, {path, ino, ctime})
	}

	/** Takes note that a file has a name less, and with it another ctime. */
	#lostName(link: string): void {
		const known = this.#disturbed.get(link)
		const stat = known && this.#options.disk.stat(known.path)
		const isIt = stat !== undefined && BigInt(stat.ino) === known?.ino
		this.#disturbed.set(link, isIt ? {...known, ctime: stat.ctime} : undefined)
	}

	/**
	 * Takes note of how a file is now that has the content it had: it got another name, or its old times back. `remote` is what is known of
	 * the remote's, where the index says another thing for a time.
	 */
	refresh(path: Path, remote?: RemoteSide): void {
		const {session, owners} = this.#options
		const known = session.get(path)
		const stat = this.#options.disk.stat(path)
		const local = known?.local && stat && localNow(path, stat, known.local)
		if (!local) return
		if (local.link !== undefined) this.#disturb(path, local.link, local)
		const {base} = known
		session.put({path, local, remote: remote ?? known.remote, base, attrs: digestOf(local, owners)})
	}

	tell(status: Status, entry: Entry, was?: Was): void {
		const record = entry.local ? localRecord(entry) : remoteRecord(entry)
		this.#options.events.done({line: {status, record}, entry, was})
	}

	/** Tells of what could not be restored. */
	warn(lost: Iterable<readonly [kind: string, why: string]>): void {
		for (const [kind, why] of lost) this.#options.events.warn(kind, why)
	}
}

/** The local side of what was just made. */
function localNow(path: Path, stat: Stat, kept: Kept): Local {
	const isDevice = [TYPE.charDevice, TYPE.blockDevice].some((type) => type === typeOf(stat.mode))
	return {
		rdev: isDevice ? `${stat.rdev.major}:${stat.rdev.minor}` : undefined,
		...localOf(stat, kept),
		size: isDirectory(path) ? 0 : stat.size,
	}
}

/** The digest of the extended attributes that a file got. */
export const xattrsOf = ({xattrs}: Known): string | undefined =>
	xattrs?.length ? xattrsDigest(encodeXattrs(xattrs)) : undefined
