// Remote -> local: executes the items of a plan the other way.
//
// A file appears whole, verified and with its attributes, or not at all. Before one is replaced it
// must still be what the index says; a file that changed since is a conflict.

import {Budget} from '../base/budget.ts'
import {fatal} from '../base/errors.ts'
import {isDirectory, type Path} from '../base/path.ts'
import {pool, type PoolOptions} from '../base/pool.ts'
import {type Entry, localIsBase, objectPath, typeOf} from '../format/entry.ts'
import {keyOf} from '../format/key.ts'
import type {Status} from '../format/record.ts'
import type {IndexSession} from '../repo/session.ts'
import {type Got, type Head, isKind, type RestoreOptions, type Store} from '../store/store.ts'
import {WholeBody} from '../store/whole.ts'
import {askForCopy} from './archived.ts'
import {type Arrival, arrivalOf, hasXattrs, type Preserve, withXattrs} from './arrival.ts'
import type {Owners} from './attributes.ts'
import type {Backup} from './backup.ts'
import {Clearing} from './clearing.ts'
import type {Crews} from './crew.ts'
import {isTold, receivedFile, type Received, type ReceiveTask, type Told} from './crew-receive.ts'
import {Deletions} from './deletions.ts'
import {Directories} from './directories.ts'
import type {Disk} from './disk.ts'
import {RANGED_FROM} from './download.ts'
import type {Events} from './events.ts'
import {isFinal} from './final.ts'
import {HashThreads} from './hash-thread.ts'
import {LinkTargets} from './link-targets.ts'
import {makeFile} from './make-file.ts'
import {Notes} from './notes.ts'
import {CrewShare} from './crew-share.ts'
import {type PlanItem, planLine} from './plan.ts'
import {settled} from './settled.ts'
import {SumsTogether} from './sums-together.ts'

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
	/** The versions that the index names are fetched, whatever there is by now. */
	readonly pinned?: boolean | undefined
	/** A copy of what is archived is asked for, and how. */
	readonly restore?: Omit<RestoreOptions, 'version'> | undefined
	readonly umask: number
	/** What is here and has changed since it was indexed may be replaced and deleted, too. */
	readonly force?: boolean | undefined
	/** Files that are replaced or deleted are kept under another name. */
	readonly backup?: Backup | undefined
	/** Where what comes of large files is kept until they are whole, for a run that is ended before. */
	readonly partial?: Path | undefined
	/** Nothing is fetched or changed, only told (-n). */
	readonly pretend?: boolean | undefined
	readonly jobs?: PoolOptions['width'] | undefined
	/** Whether an entry that was made is known in the session from then on; all by default. */
	readonly remembers?: ((entry: Entry) => boolean) | undefined
	/** Threads for files that come in one piece, made when they are many, or much is in them. */
	readonly crew?: Crews<ReceiveTask, Received | Told> | undefined
	readonly signal?: AbortSignal | undefined
}

const JOBS = 32

/** Executes the items as they come; deletions and the attributes of directories last. */
export async function receive(
	items: AsyncIterable<PlanItem> | Iterable<PlanItem>,
	options: ReceiveOptions,
): Promise<void> {
	const receiver = new Receiver(options)
	const how = {width: options.jobs ?? JOBS, signal: options.signal}
	try {
		await pool(items, how, (item) => receiver.execute(item))
		await pool(receiver.deletions.paths, how, (path) => receiver.deletions.confirm(path))
		receiver.deletions.deleteAll()
		await pool(receiver.blocked, how, (item) => receiver.take(item))
	} finally {
		// what the threads hold open must not get its old mode back later
		await receiver.share.close()
		await receiver.hashes.close()
		receiver.directories.finish()
	}
}

export class Receiver {
	readonly options: ReceiveOptions
	readonly links: LinkTargets
	readonly notes: Notes
	readonly directories: Directories
	readonly clearing: Clearing
	readonly share: CrewShare<ReceiveTask, Received | Told>
	/** Files whose place is taken by a directory that may be deleted yet. */
	readonly blocked: PlanItem[] = []
	readonly deletions = new Deletions(this)
	/** Large files few at once: each comes by several connections already. */
	readonly large = new Budget(2)
	readonly hashes = new HashThreads()
	readonly sums = new SumsTogether()

	constructor(options: ReceiveOptions) {
		this.options = options
		this.links = new LinkTargets(options.session)
		this.notes = new Notes(options)
		this.directories = new Directories(options, this.notes)
		this.clearing = new Clearing(options, this.notes)
		const {index} = options.session
		this.share = new CrewShare(options.crew, {
			count: index.count,
			isDone: (row) => index.inSync(row),
			sizeOf: (row) => index.entry(row).remote?.size ?? 0,
			below: RANGED_FROM,
		})
	}

	/** Executes one item; deletions, and what waits for them, are kept for later. */
	execute(item: PlanItem): Promise<void> {
		return item.status === 'C' ? settled(this, item).then((it) => this.#execute(it)) : this.#execute(item)
	}

	#execute(item: PlanItem): Promise<void> {
		const {status, entry} = item
		const isConflict = status === 'C' && (this.options.backup === undefined || !entry.remote)
		if (status === 'D') this.deletions.add(entry.path)
		else if (isConflict || status === '=') this.notes.tell(status, entry)
		else if (this.options.pretend)
			this.options.events.done({line: planLine(item, 'pull'), entry, was: entry.local})
		else return this.take(item, true)
		return Promise.resolve()
	}

	/** Brings one item here; what goes wrong with it is told, not thrown. */
	take(item: PlanItem, canWait = false): Promise<void> {
		const {entry} = item
		return this.#bring(item, canWait).catch((error: unknown) => {
			if (isFinal(error, this.options.signal)) throw error
			if (this.options.restore && isKind(error, 'archived')) return askForCopy(this, entry)
			this.options.events.failed(entry.path, error)
			return undefined
		})
	}

	#bring({status, entry}: PlanItem, canWait: boolean): Promise<void> {
		if (isDirectory(entry.path)) return this.#directory(status, entry)
		return status === 'P' ? this.#attributes(entry) : this.#file(status, entry, canWait)
	}

	async #file(status: Status, entry: Entry, canWait: boolean): Promise<void> {
		const {path, local} = entry
		// who makes the file sees whether that is still so
		const isFree =
			local === undefined && (this.directories.isFree(path) || this.options.disk.stat(path) === undefined)
		if (canWait && !isFree && this.clearing.isBlocked(entry)) return void this.blocked.push({status, entry})
		const done = await this.#byThread(status, entry)
		if (done === true) return
		if (isFree || this.clearing.mayReplace(entry))
			await makeFile(this, status === 'C' ? 'M' : status, entry, done || undefined)
		else this.notes.tell('C', entry)
	}

	/** Lets a thread bring a file, if it is one for threads and that goes well; or gives what the thread got of it. */
	#byThread(status: Status, entry: Entry): Promise<boolean | Got> | false {
		const {path, local, remote} = entry
		const {backup, force, events, pinned} = this.options
		if (!remote || pinned || backup !== undefined || local?.link !== undefined) return false
		if (!this.share.takes(remote.size)) return false
		this.directories.touch(path)
		const known = local && {size: local.size, ino: local.ino, ctime: local.ctime}
		const task = ['get', path, this.key(entry), remote.size, force === true, known] as const
		return this.share.do(task).then((answer) => {
			if (!answer) return false
			if (isTold(answer)) return gotOf(answer) ?? false
			const received = receivedFile(answer)
			events.moved(received.head.size, path)
			this.notes.warn(received.lost)
			this.notes.brought(status === 'C' ? 'M' : status, entry, received)
			return true
		})
	}

	/** The head and attributes of an object. */
	async arrival(entry: Entry, head?: Head): Promise<Arrival> {
		const {store, prefix, preserve, umask} = this.options
		const key = this.key(entry)
		const found = head ?? (await store.head(key, this.version(entry)))
		if (!found) throw fatal('the object is gone', "'s3r fetch' brings the index up to date")
		const plain = arrivalOf(entry.path, key, found, preserve, umask)
		return hasXattrs(plain) ? withXattrs(plain, store, prefix, preserve) : plain
	}

	/** Makes a directory before anything is waited for: what lies in it is the next to be made. */
	async #directory(status: Status, entry: Entry): Promise<void> {
		if (!this.clearing.makeWay(entry.path)) return this.notes.tell('C', entry)
		this.directories.make(entry.path)
		this.directories.arrived(status, entry, await this.arrival(entry, await this.#headByThread(entry)))
	}

	/** What a thread is told of an object, if that is one for threads and goes well. */
	async #headByThread(entry: Entry): Promise<Head | undefined> {
		if (this.options.pinned || !this.share.takes(0)) return undefined
		const answer = await this.share.do(['head', this.key(entry)])
		return answer && isTold(answer) ? answer.head : undefined
	}

	/** New attributes for a file that has the bytes already. */
	async #attributes(entry: Entry): Promise<void> {
		const arrival = await this.arrival(entry)
		const mayGo = this.options.force === true || this.options.backup !== undefined
		if (!this.notes.isAsIndexed(entry))
			return mayGo ? makeFile(this, 'M', entry) : this.notes.tell('C', entry)
		if (arrival.type !== typeOf(entry.local?.mode ?? 0))
			return mayGo || localIsBase(entry) ? makeFile(this, 'T', entry) : this.notes.tell('C', entry)
		// a name joins a group of hard links, or leaves one, by being made anew
		if (this.options.preserve.hardLinks && arrival.attributes.link !== entry.local?.link)
			return makeFile(this, 'P', entry)
		if (arrival.head.etag !== entry.remote?.etag)
			throw fatal('the object changed meanwhile', 'the next pull brings it')
		this.notes.warn(this.options.disk.apply(entry.path, arrival.attributes))
		this.notes.same('P', entry, arrival, entry.local?.md5)
	}

	/** Which version of an object is wanted. */
	version({remote}: Entry): {readonly version?: string | undefined} {
		return this.options.pinned ? {version: remote?.version} : {}
	}

	/** The key of an entry's object. */
	key(entry: Entry): string {
		return this.options.keyOf?.(entry.path) ?? this.options.prefix + keyOf(objectPath(entry))
	}
}

/** What a thread fetched and leaves to the caller. */
const gotOf = ({head, bytes}: Told): Got | undefined =>
	bytes && {head, body: new WholeBody(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))}
