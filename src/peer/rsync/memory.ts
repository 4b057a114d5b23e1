// What is remembered of a remote from one session to the next: an index as s3r-index(5) has it, whose local side
// is what the objects say of their files, and the names of owners.

import {mkdirSync, readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs'
import {forFs, type Path} from '../../base/path.ts'
import {join, type Place} from '../../repo/find.ts'
import {IndexSession, readIndex} from '../../repo/session.ts'
import type {Catalogue, Remembered} from './catalogue.ts'
import {OwnerNames, type Pairs} from './owner-names.ts'

export class Memory {
	readonly names: OwnerNames
	readonly remembered: readonly Remembered[]
	readonly #place: Place | undefined

	private constructor(place: Place | undefined, names: OwnerNames, remembered: readonly Remembered[]) {
		this.#place = place
		this.names = names
		this.remembered = remembered
	}

	/**
	 * Reads what is kept in a directory, which need not exist, and after it what others know: the index of a local
	 * side that has this remote. Without a directory nothing is kept.
	 */
	static open(directory: Path | undefined, others: readonly Remembered[] = []): Memory {
		if (directory === undefined) return new Memory(undefined, new OwnerNames(), others)
		const place = {root: directory, dir: directory}
		const names = readNames(directory)
		try {
			const index = readIndex(place)
			return new Memory(place, names, index.count > 0 ? [{index, owners: names}, ...others] : others)
		} catch {
			// of a damaged one nothing is lost that HEADs do not tell
			rmSync(forFs(join(directory, 'index')), {force: true})
			rmSync(forFs(join(directory, 'journal')), {force: true})
			return new Memory(place, names, others)
		}
	}

	/** Keeps what a session learned. What cannot be kept is asked for again. */
	async save({learned}: Catalogue, signal: AbortSignal | undefined): Promise<void> {
		if (!this.#place || !learned.hasLearned) return
		const {dir} = this.#place
		try {
			mkdirSync(forFs(dir), {recursive: true, mode: 0o700})
			const session = await IndexSession.open(this.#place, {signal})
			try {
				// another session may have kept other names of the same ids, by which its entries are read
				if (this.names.contradicts(readNames(dir))) return
				const file = join(dir, 'owners')
				writeFileSync(forFs(`${file}.new`), JSON.stringify(this.names), {mode: 0o600})
				renameSync(forFs(`${file}.new`), forFs(file))
				const index = learned.remember(session.index)
				if (index) session.adopt(index)
				session.save()
			} finally {
				session.close()
			}
		} catch {
			// a full disk, a lock that is not given: what is not kept is asked for again
		}
	}
}

function readNames(directory: Path): OwnerNames {
	try {
		const {users, groups} = JSON.parse(readFileSync(forFs(join(directory, 'owners')), 'utf8')) as {
			users: Pairs
			groups: Pairs
		}
		return new OwnerNames(users, groups)
	} catch {
		return new OwnerNames()
	}
}
