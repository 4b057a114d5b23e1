// One clone: its files, its .s3rsync, and the commands that are run in it, in this process.

import {mkdirSync} from 'node:fs'
import {keyOf} from '../../src/format/key.ts'
import type {Path} from '../../src/base/path.ts'
import type {Entry} from '../../src/format/entry.ts'
import {Owners} from '../../src/local/owners.ts'
import {createPlace, type Place} from '../../src/repo/find.ts'
import {readIndex} from '../../src/repo/read-index.ts'
import {IndexSession} from '../../src/repo/session.ts'
import type {Store} from '../../src/store/store.ts'
import {type Events, Tally} from '../../src/sync/events.ts'
import {fetch, listPaths} from '../../src/sync/fetch.ts'
import {LocalDisk, LocalFiles} from '../../src/sync/local-files.ts'
import {pull} from '../../src/sync/pull.ts'
import {push} from '../../src/sync/push.ts'
import type {Status} from '../../src/format/record.ts'
import type {Command} from './steps.ts'
import {apply, type Edit, type Snapshot, snapshot} from './tree.ts'

export const BACKUP = '~'
const owners = new Owners()

/** What a command said. */
export type Said = {
	readonly status: number
	/** Paths by their last status. */
	readonly lines: ReadonlyMap<Path, Status>
	readonly failed: ReadonlyMap<Path, unknown>
	readonly warned: boolean
}

type OnDone = (path: Path, isGone: boolean) => void

export class Clone {
	readonly name: string
	readonly root: string
	readonly #place: Place
	readonly #store: Store
	readonly #onDone: OnDone
	#files: Snapshot | undefined

	constructor(name: string, root: string, store: Store, onDone: OnDone) {
		mkdirSync(root)
		this.name = name
		this.root = root
		this.#place = createPlace(root)
		this.#store = store
		this.#onDone = onDone
	}

	/** Its files by their paths. */
	files(): Snapshot {
		return (this.#files ??= snapshot(this.root))
	}

	edit(edit: Edit): void {
		apply(this.root, edit)
		this.#files = undefined
	}

	/** What the index says, entry by entry. */
	entries(): Entry[] {
		const index = readIndex(this.#place)
		return Array.from({length: index.count}, (_, row) => index.entry(row))
	}

	async run(command: Command): Promise<Said> {
		const lines = new Map<Path, Status>()
		const failed = new Map<Path, unknown>()
		let warned = false
		const tally = new Tally()
		const events = tally.counting({
			done: ({line: {status, record}}) => {
				lines.set(record.path, status)
				if (status !== 'C' && status !== '=') this.#onDone(record.path, status === 'D')
			},
			failed: (path, error) => failed.set(path, error),
			vanished: (path) => failed.set(path, new Error('vanished')),
			warn: () => {
				warned = true
			},
			moved: () => {},
		})
		const session = await IndexSession.open(this.#place)
		const disk = new LocalDisk(this.root, {owners})
		try {
			await this.#work(command, session, disk, events)
		} finally {
			session.save()
			session.close()
			disk.close()
			this.#files = undefined
		}
		return {status: tally.status, lines, failed, warned}
	}

	async #work(command: Command, session: IndexSession, disk: LocalDisk, events: Events): Promise<void> {
		const {root} = this
		const {paths} = command
		const store = this.#store
		const within =
			paths && ((path: Path) => paths.some((p) => path === p || path.startsWith(`${p}/`) || path === `${p}/`))
		const shared = {
			session,
			owners,
			events,
			prefix: '',
			files: new LocalFiles(root, {}),
			delete: command.delete,
		}
		if (command.name === 'fetch') {
			const fetched = await fetch(session.index, listPaths(store, '', events.failed))
			if (fetched.changed) session.adopt(fetched.index)
		} else if (command.name === 'push')
			await push({...shared, open: () => Promise.resolve(store), scan: {root, paths}, within})
		else
			await pull({
				...shared,
				store,
				disk,
				within,
				scan: {root},
				preserve: {archive: true, hardLinks: true},
				umask: 0o022,
				backup: command.backup ? {dir: '', suffix: BACKUP} : undefined,
			})
	}
}

/** The path of a key, for names as plain as those of the model. */
export const pathOfKey = (key: string): Path => (key === keyOf('./') ? './' : key)
