// Remote -> local: executes the items of a plan the other way.
//
// A file appears whole, verified and with its attributes, or not at all. Before one is replaced it
// must still be what the index says; a file that changed since is a conflict. Directories get their
// attributes last, from the deepest up, since whatever is made in them changes their times.

import {errnoOf, fatal} from '../base/errors.ts'
import {comparePaths, isDirectory, parentOf, type Path, ROOT} from '../base/path.ts'
import {pool} from '../base/pool.ts'
import {type Entry, type Local, localIsBase, TYPE, typeOf, type Was} from '../format/entry.ts'
import {keyOf} from '../format/key.ts'
import type {Known} from '../format/metadata.ts'
import type {Status} from '../format/record.ts'
import {encodeXattrs, xattrsDigest} from '../format/xattrs.ts'
import type {IndexSession} from '../repo/session.ts'
import type {Head, Store} from '../store/store.ts'
import {type Arrival, arrivalOf, type Preserve, withXattrs} from './arrival.ts'
import {digestOf, type Owners} from './attributes.ts'
import type {Disk, Lost} from './disk.ts'
import type {Events} from './events.ts'
import {isFinal} from './final.ts'
import {LinkTargets} from './link-targets.ts'
import {localRecord, type PlanItem, planLine, remoteRecord} from './plan.ts'
import {makeFile} from './make-file.ts'

export type ReceiveOptions = {
	readonly store: Store
	readonly session: IndexSession
	readonly disk: Disk
	readonly owners: Owners
	readonly prefix: string
	/** The key of a path, where it is not that of the prefix and the path. */
	readonly keyOf?: ((path: Path) => string) | undefined
	readonly events: Events
	readonly preserve: Preserve
	readonly umask: number
	/** Files that are replaced or deleted are kept under their name and this suffix. */
	readonly backup?: string | undefined
	/** Nothing is fetched or changed, only told (-n). */
	readonly pretend?: boolean | undefined
	readonly jobs?: number | undefined
	readonly signal?: AbortSignal | undefined
}

const JOBS = 32

/** Executes the items as they come; deletions and the attributes of directories last. */
export async function receive(
	items: AsyncIterable<PlanItem> | Iterable<PlanItem>,
	options: ReceiveOptions,
): Promise<void> {
	const receiver = new Receiver(options)
	try {
		await pool(items, {width: options.jobs ?? JOBS, signal: options.signal}, (item) => receiver.execute(item))
		receiver.deleteAll()
	} finally {
		receiver.finishDirectories()
	}
}

type Waiting = {readonly entry: Entry; readonly arrival: Arrival; readonly status: Status}

export class Receiver {
	readonly options: ReceiveOptions
	readonly links: LinkTargets
	readonly #deletions: Entry[] = []
	/** Directories that arrived, and wait for their attributes. */
	readonly #arrived = new Map<Path, Waiting>()
	/** Directories that something was made in or removed from. */
	readonly #touched = new Set<Path>()

	constructor(options: ReceiveOptions) {
		this.options = options
		this.links = new LinkTargets(options.session)
	}

	async execute(item: PlanItem): Promise<void> {
		const {status, entry} = item
		const isConflict = status === 'C' && (this.options.backup === undefined || !entry.remote)
		if (status === 'D') this.#deletions.push(entry)
		else if (isConflict || status === '=') this.done(status, entry)
		else if (this.options.pretend)
			this.options.events.done({line: planLine(item, 'pull'), entry, was: entry.local})
		else await this.#attempt(entry, () => this.#take(status, entry))
	}

	/** Runs the work on one item; what goes wrong with it is told, not thrown. */
	async #attempt(entry: Entry, work: () => Promise<void> | void): Promise<void> {
		try {
			await work()
		} catch (error) {
			if (this.options.signal?.aborted || isFinal(error)) throw error
			this.options.events.failed(entry.path, error)
		}
	}

	async #take(status: Status, entry: Entry): Promise<void> {
		if (isDirectory(entry.path)) return this.#directory(status, entry)
		if (status === 'P') return this.#attributes(entry)
		if (this.#isAsIndexed(entry)) return makeFile(this, status === 'C' ? 'M' : status, entry)
		if (this.options.backup === undefined) return this.done('C', entry)
		return makeFile(this, 'M', entry)
	}

	/** The head and attributes of an object. */
	async arrival(entry: Entry, head?: Head): Promise<Arrival> {
		const {store, prefix, preserve, umask} = this.options
		const key = this.key(entry.path)
		const found = head ?? (await store.head(key))
		if (!found) throw fatal('the object is gone', "'s3r fetch' brings the index up to date")
		return withXattrs(arrivalOf(entry.path, key, found, preserve, umask), store, prefix, preserve)
	}

	async #directory(status: Status, entry: Entry): Promise<void> {
		const arrival = await this.arrival(entry)
		this.#touch(entry.path)
		this.options.disk.directory(entry.path)
		this.#arrived.set(entry.path, {entry, arrival, status})
	}

	/** New attributes for a file that has the bytes already. */
	async #attributes(entry: Entry): Promise<void> {
		const arrival = await this.arrival(entry)
		if (!this.#isAsIndexed(entry)) return this.done('C', entry)
		if (arrival.type !== typeOf(entry.local?.mode ?? 0))
			return localIsBase(entry) ? makeFile(this, 'T', entry) : this.done('C', entry)
		this.warn(this.options.disk.apply(entry.path, arrival.attributes))
		this.commit('P', entry, arrival, entry.local?.md5)
	}

	/** Whether the file is what the index says, or is as absent as it says. */
	#isAsIndexed({path, local}: Entry): boolean {
		const stat = this.options.disk.stat(path)
		if (!local || !stat) return !stat
		return stat.ctime === local.ctime && stat.size === local.size && BigInt(stat.ino) === local.ino
	}

	/** Moves what is in the way of a new file aside, where that was asked for. */
	keepBackup(path: Path): void {
		const {backup, disk} = this.options
		if (backup !== undefined && disk.stat(path) !== undefined) disk.rename(path, path + backup)
	}

	/** Notes that a directory's own times are no longer what they were. */
	touch(path: Path): void {
		this.#touch(path)
	}

	#touch(path: Path): void {
		this.#touched.add(parentOf(path) || ROOT)
	}

	/** Deletes what is to be deleted, the deepest first. */
	deleteAll(): void {
		for (const entry of this.#deletions.toSorted((a, b) => comparePaths(b.path, a.path))) {
			try {
				this.#delete(entry)
			} catch (error) {
				this.options.events.failed(entry.path, error)
			}
		}
	}

	#delete(entry: Entry): void {
		const {disk, session, events, backup} = this.options
		const {path} = entry
		if (!isDirectory(path) && !this.#isAsIndexed(entry)) return this.done('C', entry)
		this.#touch(path)
		try {
			if (backup !== undefined && !isDirectory(path)) this.keepBackup(path)
			else disk.remove(path)
		} catch (error) {
			// rsync leaves a directory that something excluded or new lies in, and says so
			if (errnoOf(error) === 'ENOTEMPTY')
				return events.warn('not empty', `cannot delete non-empty directory: ${path}`)
			throw error
		}
		session.forget(path)
		events.done({line: {status: 'D', record: localRecord(entry)}, entry})
	}

	/** Gives directories their attributes: those that arrived, and back those that only had changes made in them. */
	finishDirectories(): void {
		const paths = [...new Set([...this.#arrived.keys(), ...this.#touched])].toSorted((a, b) =>
			comparePaths(b, a),
		)
		for (const path of [...paths.filter((p) => p !== ROOT), ...paths.filter((p) => p === ROOT)])
			try {
				this.#finishDirectory(path)
			} catch (error) {
				this.options.events.failed(path, error)
			}
	}

	#finishDirectory(path: Path): void {
		const {disk, session} = this.options
		const waiting = this.#arrived.get(path)
		if (waiting) {
			this.warn(disk.apply(path, waiting.arrival.attributes))
			return this.commit(waiting.status, waiting.entry, waiting.arrival, undefined)
		}
		const known = session.get(path)
		if (!known?.local || !disk.stat(path)) return
		this.warn(disk.apply(path, {mtime: known.local.mtime}))
		const local = this.#localNow(path, undefined, known.local)
		if (local) session.put({...known, local, attrs: digestOf(local, this.options.owners)})
	}

	#localNow(path: Path, md5: string | undefined, kept: Pick<Local, 'link' | 'xattrs'>): Local | undefined {
		const stat = this.options.disk.stat(path)
		if (!stat) return undefined
		const isDevice = [TYPE.charDevice, TYPE.blockDevice].some((type) => type === stat.mode >>> 12)
		return {
			mode: stat.mode,
			size: isDirectory(path) ? 0 : stat.size,
			mtime: stat.mtime,
			ctime: stat.ctime,
			ino: BigInt(stat.ino),
			uid: stat.uid,
			gid: stat.gid,
			md5,
			rdev: isDevice ? `${stat.rdev.major}:${stat.rdev.minor}` : undefined,
			link: kept.link,
			xattrs: kept.xattrs,
		}
	}

	/** Notes in the index that both sides are the same now, and tells of it. */
	commit(status: Status, entry: Entry, {head, attributes, type}: Arrival, md5: string | undefined): void {
		const {session, owners, preserve} = this.options
		const link = preserve.hardLinks ? attributes.link : undefined
		const local = this.#localNow(entry.path, md5, {link, xattrs: xattrsOf(attributes)})
		const was = entry.local
		if (local) {
			const attrs = digestOf(local, owners)
			const {etag, size, version} = head
			const remote = {etag, size, version, modified: Math.floor(head.modified / 1000)}
			session.put({path: entry.path, local, attrs, base: {type, md5, attrs}, remote})
			entry = {...entry, local}
		}
		this.done(status, entry, was)
	}

	/** Takes note of a file that is still the same, but for its ctime: it has got another name. */
	refresh(path: Path): void {
		const known = this.options.session.get(path)
		const local = known?.local && this.#localNow(path, known.local.md5, known.local)
		if (local) this.options.session.put({...known, local})
	}

	done(status: Status, entry: Entry, was?: Was): void {
		const record = entry.local ? localRecord(entry) : remoteRecord(entry)
		this.options.events.done({line: {status, record}, entry, was})
	}

	warn(lost: Lost): void {
		for (const [kind, why] of lost) this.options.events.warn(kind, why)
	}

	key(path: Path): string {
		return this.options.keyOf?.(path) ?? this.options.prefix + keyOf(path)
	}
}

const xattrsOf = ({xattrs}: Known): string | undefined =>
	xattrs?.length ? xattrsDigest(encodeXattrs(xattrs)) : undefined
