// s3r rm: delete objects of the remote. The files stay.

import {fatal} from '../src/base/errors.ts'
import {fromUnicode, type Path} from '../src/base/path.ts'
import {command, type Context} from '../src/cli/command.ts'
import {exclusive} from '../src/cli/exclusive.ts'
import {chosenFlags, dryRunFlags, remoteFlags, verboseFlags} from '../src/cli/flags.ts'
import {type Found, objectsBelow, ownRemote, pathBelowRemote, Stores} from '../src/cli/objects.ts'
import {openSession} from '../src/cli/pushing.ts'
import {Report} from '../src/cli/transfer.ts'
import {objectOf, ownPlace} from '../src/cli/work.ts'
import type {Named} from '../src/repo/remotes.ts'
import type {IndexSession} from '../src/repo/session.ts'
import {noSuchObject} from '../src/store/errors.ts'
import type {Store} from '../src/store/store.ts'
import type {Events} from '../src/sync/events.ts'
import {undelete} from '../src/sync/undelete.ts'

/** Objects that are deleted by one request. */
const BATCH = 1000

export default command({
	name: 'rm',
	summary: 'delete objects of the remote',
	synopsis: [
		'[-nqrv] [--force] [<option>...] <path>...',
		'[-nqrv] [--force] [<option>...] <bucket>/<key>...',
		'--undo [-nqrv] [<option>...] <path>...',
	],
	flags: {
		recursive: {type: 'boolean', short: 'r', help: 'delete all that is below a key'},
		undo: {type: 'boolean', help: 'bring back what was deleted, where the bucket keeps versions'},
		force: {type: 'boolean', help: 'delete what somebody else changed, or a whole bucket'},
		...dryRunFlags,
		...verboseFlags,
		...chosenFlags,
		...remoteFlags,
	},
	arity: [1, Infinity],

	async run(context, flags, args) {
		exclusive(flags, 'undo', 'force')
		const sources = args.map((arg) => objectOf(context, flags, arg))
		const place = ownPlace(context, flags)
		const own = ownRemote(context, flags)
		const report = new Report(context, 'push', flags)
		const stores = new Stores(context, flags['dry-run'])
		const session = place && (await openSession(context, place, flags['dry-run']))
		try {
			for (const named of sources) {
				const {key, remote} = named
				if (key === '' && !flags.force && !flags.undo)
					throw fatal(`this would delete everything in bucket '${remote.bucket}'`, '--force does it')
				const pathOf = (found: string) => pathBelowRemote(own, remote, found)
				if (flags.undo) {
					await undelete(await stores.of(remote), key, {
						events: report.events,
						session,
						below: flags.recursive ?? false,
						pathOf,
						signal: context.signal,
					})
					continue
				}
				const remover = new Remover(await stores.of(remote), report.events, {
					session,
					force: flags.force,
					pathOf,
				})
				if (flags.recursive) await remover.removeBelow(named, context)
				else await remover.remove(named)
			}
			return await report.finish({}, undefined)
		} finally {
			session?.save()
			session?.close()
			await stores.close()
		}
	},
})

type RemoverOptions = {
	/** That of the local side. */
	readonly session: IndexSession | undefined
	readonly force: boolean | undefined
	/** The path in the local side that a key is of. */
	readonly pathOf: (key: string) => Path | undefined
}

class Remover {
	readonly #store: Store
	readonly #events: Events
	readonly #options: RemoverOptions

	constructor(store: Store, events: Events, options: RemoverOptions) {
		this.#store = store
		this.#events = events
		this.#options = options
	}

	/** Deletes one object: the one that is there now, and no other. */
	async remove({key}: Named): Promise<void> {
		try {
			const head = await this.#store.head(key)
			if (!head) throw await this.#absent(key)
			const found = {key, ...head}
			if (!this.#isExpected(found)) return
			await this.#store.delete(key, {ifMatch: head.etag})
			this.#removed(found)
		} catch (error) {
			this.#events.failed(fromUnicode(key), error)
		}
	}

	/** Deletes all that a listing shows. */
	async removeBelow({key}: Named, {signal}: Context): Promise<void> {
		let batch: Found[] = []
		let count = 0
		for await (const found of objectsBelow(this.#store, key)) {
			signal.throwIfAborted()
			count++
			if (this.#isExpected(found)) batch.push(found)
			if (batch.length === BATCH) await this.#removeAll(batch.splice(0))
		}
		await this.#removeAll(batch)
		if (count === 0) this.#events.failed(fromUnicode(key), noSuchObject(this.#store.bucket, key))
	}

	async #removeAll(batch: readonly Found[]): Promise<void> {
		if (batch.length === 0) return
		const failed = await this.#store.deleteMany(batch.map(({key}) => key))
		for (const found of batch) {
			const error = failed.get(found.key)
			if (error) this.#events.failed(fromUnicode(found.key), error)
			else this.#removed(found)
		}
	}

	/** Whether the object is what the index knows, where it knows one; else says so. */
	#isExpected({key, etag}: Found): boolean {
		const known = this.#known(key)?.remote
		if (this.#options.force || known === undefined || known.etag === etag) return true
		const hint = "'s3r fetch' takes note of it, --force deletes it"
		this.#events.failed(fromUnicode(key), fatal('somebody else changed it', hint))
		return false
	}

	#known(key: string) {
		const path = this.#options.pathOf(key)
		return path === undefined ? undefined : this.#options.session?.get(path)
	}

	/** Tells of an object that is gone, and forgets it; a file that is there is a new one then. */
	#removed({key, etag, size}: Found): void {
		const known = this.#known(key)
		if (known) this.#options.session?.put({path: known.path, local: known.local, attrs: known.attrs})
		const path = known?.path ?? fromUnicode(key)
		this.#events.done({line: {status: 'D', record: {path, size, digest: `etag:${etag}`}}, entry: {path}})
	}

	async #absent(key: string) {
		const absent = noSuchObject(this.#store.bucket, key)
		for await (const page of this.#store.list(`${key}/`))
			return page.length > 0 ? fatal(absent.message, '-r deletes what is below it') : absent
		return absent
	}
}
