// Local -> remote: executes the items of a plan.
//
// Every write is guarded: an object that should be new by If-None-Match, one that should be what
// the index knows by If-Match. Where the guard does not hold, the object is looked at: if it holds
// what we were about to write (a lost reply, or somebody had the same file), it is taken for ours;
// else the item is a conflict. An entry changes only when the store has said that it holds the object.

import {errnoOf, fatal} from '../base/errors.ts'
import {begun} from '../base/begun.ts'
import {Budget} from '../base/budget.ts'
import {isDirectory, type Path} from '../base/path.ts'
import {PathList} from '../base/path-list.ts'
import {pool, type PoolOptions} from '../base/pool.ts'
import {SpareMemory} from '../base/spare.ts'
import {MULTIPART_FROM} from '../algo/parts.ts'
import {agreed, type Entry, type Local, objectPath, remoteIsBase, TYPE, typeOf} from '../format/entry.ts'
import {KEY_LIMIT, keyOf} from '../format/key.ts'
import type {Status} from '../format/record.ts'
import type {IndexSession} from '../repo/session.ts'
import {type Condition, type Head, isKind, type Store, type Written} from '../store/store.ts'
import type {Owners} from './attributes.ts'
import {type Backup, keepObject} from './backup.ts'
import {Outgrown, type Stored} from './cargo.ts'
import type {Crews} from './crew.ts'
import type {SendTask, Sent} from './crew-send.ts'
import type {Events} from './events.ts'
import {isFinal} from './final.ts'
import {HashedAhead} from './hashed-ahead.ts'
import {Md5Threads} from './md5-thread.ts'
import type {Files} from './files.ts'
import {localRecord, remoteRecord} from '../format/sides.ts'
import type {PlanItem} from './plan.ts'
import {needSameType} from './same-type.ts'
import {SideObjects} from './side-objects.ts'
import {Copies} from './send-copies.ts'
import {sendParts, type SentFile, SEVERAL} from './send-parts.ts'
import {SendThreads} from './send-threads.ts'
import {WholeFiles} from './send-whole.ts'
import {UploadsBegun} from './take-up.ts'

/** Where it is noted what the remote holds: an index, or what stands in for one. */
export type Ledger = Pick<IndexSession, 'place' | 'index' | 'get' | 'put' | 'forget'>

export type SendOptions = {
	readonly store: Store
	readonly session: Ledger
	readonly files: Files
	readonly owners: Owners
	/** The remote's prefix: '' or one that ends in '/'. */
	readonly prefix: string
	/** The key of a path, where it is not that of the prefix and the path. */
	readonly keyOf?: ((path: Path) => string) | undefined
	readonly events: Events
	readonly stored?: Stored | undefined
	/** Stores gzip of what it makes smaller (-z). */
	readonly compress?: boolean | undefined
	/** Objects that are replaced or deleted are copied under another name before. */
	readonly backup?: Backup | undefined
	/** Writes without guards: our side wins. */
	readonly force?: boolean | undefined
	/** The store only pretends (-n): no upload is remembered or taken up. */
	readonly pretend?: boolean | undefined
	/** Items under way at once. */
	readonly jobs?: PoolOptions['width'] | undefined
	/** Threads for files that go in one piece, made when they are many, or much is in them. */
	readonly crew?: Crews<SendTask, Sent> | undefined
	readonly signal?: AbortSignal | undefined
}

/** Bytes of file content held in memory at once. */
const MEMORY = 48 * 2 ** 20
const JOBS = 32

/** Executes the items as they come, deletions last; rejects only where nothing more can be done. */
export async function send(
	items: AsyncIterable<PlanItem> | Iterable<PlanItem>,
	options: SendOptions,
): Promise<void> {
	const sender = new Sender(options)
	const how = {width: options.jobs ?? JOBS, signal: options.signal}
	try {
		await pool(items, how, (item) => sender.execute(item))
		await pool(sender.copies.waiting, how, (path) => sender.copyOrSend(sender.known(path)))
		await pool(sender.deletions, how, (path) => sender.delete(sender.known(path)))
	} finally {
		await sender.threads.close()
		await sender.md5s.close()
		await sender.ahead.close()
	}
}

export class Sender {
	readonly options: SendOptions
	readonly budget = new Budget(MEMORY)
	/** Of bodies that the store has. */
	readonly memory = new SpareMemory(MEMORY)
	/** Parts of large files that may be under way: few files at once, since each is sent by several connections already. */
	readonly large = new Budget(2 * SEVERAL)
	readonly ahead: HashedAhead
	readonly md5s = new Md5Threads()
	readonly whole: WholeFiles
	readonly threads: SendThreads
	readonly copies: Copies
	/** Uploads of parts that this local side does not remember. */
	readonly begun: UploadsBegun
	readonly deletions = new PathList()
	/** Stored before the objects whose metadata refer to them. */
	readonly sides: SideObjects

	constructor(options: SendOptions) {
		this.options = options
		this.ahead = new HashedAhead(options.signal)
		this.sides = new SideObjects(options)
		this.whole = new WholeFiles(this)
		this.threads = new SendThreads(this)
		this.copies = new Copies(this)
		this.begun = new UploadsBegun(options.store, options.keyOf ? undefined : options.prefix)
	}

	/** Executes one item; deletions, and copies of what is not there yet, are kept for later. */
	execute({status, entry}: PlanItem): Promise<void> {
		if (status === 'D') this.deletions.add(entry.path)
		else if (status === 'R') {
			if (!this.copies.mustWait(entry)) return this.copyOrSend(entry)
		} else if (status === '=' || (status === 'C' && !this.#keepsBoth(entry))) this.#done(status, entry)
		else if (status === 'P') return this.#attempt(entry, () => this.#attributes(entry))
		else return this.#attempt(entry, () => this.#content(status === 'C' ? 'M' : status, entry))
		return Promise.resolve()
	}

	/** Whether a conflict is none, since what is on the remote is kept under another name. */
	#keepsBoth({local, remote}: Entry): boolean {
		return this.options.backup !== undefined && local !== undefined && remote !== undefined
	}

	async delete(entry: Entry): Promise<void> {
		const {store, session, force, backup} = this.options
		await this.#attempt(entry, async () => {
			if (backup) await keepObject(this, backup, entry)
			await store.delete(this.objectKey(entry), force ? {} : {ifMatch: entry.remote?.etag})
			session.forget(entry.path)
			this.options.events.done({line: {status: 'D', record: remoteRecord(entry)}, entry})
		})
	}

	/** Gives an object the attributes that its file has; `head` is what is known of it. */
	async describe(entry: Entry, head: Head | undefined): Promise<void> {
		await this.#attempt(entry, () => this.#attributes(entry, head))
	}

	/** Copies a new file from an object with its content, or sends it where that is not there any more. */
	async copyOrSend(entry: Entry): Promise<void> {
		await this.#attempt(entry, async () => {
			const copied = await this.copies.make(entry)
			if (copied) this.commit('R', entry, copied.written, copied.size, copied.from)
			else await this.#content('A', entry)
		})
	}

	key(path: Path): string {
		const key = this.options.keyOf?.(path) ?? this.options.prefix + keyOf(path)
		const bytes = Buffer.byteLength(key)
		if (bytes > KEY_LIMIT) throw fatal(`its key has ${bytes} bytes, S3 allows ${KEY_LIMIT}`)
		return key
	}

	/** The key of the object that an entry has: another tool's may be another one than ours would be. */
	objectKey(entry: Entry): string {
		return this.key(objectPath(entry))
	}

	/** What the index knows of a path by now. */
	known(path: Path): Entry {
		return this.options.session.get(path) ?? {path}
	}

	/** What guards the write of an entry. */
	guard({remote}: Entry): Condition {
		if (this.options.force) return {}
		return remote && remote.alias === undefined ? {ifMatch: remote.etag} : {ifNoneMatch: '*'}
	}

	/** Runs the work on one item; what goes wrong with it is told, not thrown. */
	#attempt(entry: Entry, work: () => Promise<void>): Promise<void> {
		const {events, signal} = this.options
		return begun(work).catch((error: unknown) => {
			if (isFinal(error, signal)) throw error
			if (isKind(error, 'precondition')) this.#done('C', entry)
			else if (errnoOf(error) === 'ENOENT') events.vanished(entry.path)
			else events.failed(entry.path, error)
		})
	}

	#content(status: Status, planned: Entry): Promise<void> {
		const {local} = planned
		if (!local) throw fatal('it is not in the index')
		const before = this.#before(planned)
		return before ? before.then(() => this.#move(status, planned, local)) : this.#move(status, planned, local)
	}

	/** What goes before the bytes of a file, where anything does. */
	#before(planned: Entry): Promise<void> | undefined {
		const {backup} = this.options
		const {threads} = this
		return backup ? keepObject(this, backup, planned).then(() => threads.showing) : threads.showing
	}

	#move(status: Status, planned: Entry, local: Local): Promise<void> {
		if (!this.whole.isForThread(local)) return this.#byUs(status, planned, local)
		return this.whole
			.byThread(planned, local)
			.then((sent) => (sent ? this.#sent(status, planned, sent) : this.#byUs(status, planned, local)))
	}

	/** Sends a file from this thread. */
	#byUs(status: Status, planned: Entry, local: Local): Promise<void> {
		return this.#isLarge(planned.path, local)
			? this.#inParts(status, planned)
			: this.#inOnePiece(status, planned, local)
	}

	async #inOnePiece(status: Status, planned: Entry, local: Local): Promise<void> {
		try {
			await this.budget.hold(local.size, async () =>
				this.#sent(status, planned, await this.whole.send(planned)),
			)
		} catch (error) {
			if (!(error instanceof Outgrown)) throw error
			await this.#inParts(status, planned)
		}
	}

	async #inParts(status: Status, planned: Entry): Promise<void> {
		await this.#sent(status, planned, await this.ahead.hold(() => sendParts(this, planned)), false)
	}

	/** Notes what was sent, at once if nothing is in its way. `moves`: that its bytes were sent has not been told yet. */
	#sent(
		status: Status,
		planned: Entry,
		{entry, written, size}: SentFile,
		moves = true,
	): Promise<void> | undefined {
		const note = () => {
			this.commit(status, entry, written, size)
			if (moves) this.options.events.moved(size, entry.path)
		}
		if (planned.remote?.alias !== undefined) return this.#supersede(planned).then(note)
		note()
		return undefined
	}

	/** Deletes the object of another key that the one just written stands in the place of. */
	async #supersede({path, remote}: Entry): Promise<void> {
		await this.options.store.delete(this.objectKey({path, remote}), {ifMatch: remote?.etag})
	}

	/** Whether a file is sent in parts: one that was large when it was indexed by its size now. */
	#isLarge(path: Path, {mode, size}: Local): boolean {
		if (size < MULTIPART_FROM || typeOf(mode) !== TYPE.file) return false
		return (this.options.files.stat(path)?.size ?? size) >= MULTIPART_FROM
	}

	async #attributes(entry: Entry, head?: Head): Promise<void> {
		if (!remoteIsBase(entry)) await needSameType(this, entry)
		if (isDirectory(entry.path) || typeOf(entry.local?.mode ?? 0) !== TYPE.file)
			return this.#content('P', entry)
		const {written, size} = await this.copies.relabel(entry, entry, head)
		this.commit('P', entry, written, size)
	}

	/** Notes in the index that the remote holds `entry` now, and tells of it. */
	commit(status: Status, entry: Entry, written: Written, size: number, from?: Path): void {
		const {path, local, attrs} = entry
		if (!local || attrs === undefined) return
		const {etag, version} = written
		const modified = written.modified && Math.floor(written.modified / 1000)
		const remote = {etag, size, modified, bound: true, version}
		this.options.session.put(agreed({path, local, remote, attrs}))
		this.#done(status, entry, from)
	}

	#done(status: Status, entry: Entry, from?: Path): void {
		const record = entry.local ? localRecord(entry) : remoteRecord(entry)
		this.options.events.done({line: {status, record}, entry, was: entry.base?.was, from})
	}
}
