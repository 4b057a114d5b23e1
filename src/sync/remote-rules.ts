// Files with rules in the directories, as far as only the remote has them, or has them otherwise.

import {fatal} from '../base/errors.ts'
import {isDirectory, nameOf, type Path} from '../base/path.ts'
import {pool} from '../base/pool.ts'
import {shown} from '../base/quote.ts'
import {type Entry, inSync, objectPath} from '../format/entry.ts'
import {dirMergeNames} from '../format/filter-read.ts'
import type {IndexRows} from '../format/index-file.ts'
import {keyOf} from '../format/key.ts'
import type {IndexSession} from '../repo/session.ts'
import {isKind, type Store} from '../store/store.ts'
import {arrivalOf} from './arrival.ts'
import {contentOf} from './content.ts'
import type {Direction} from './plan.ts'
import type {Selection} from './select.ts'

export type LearnOptions = {
	readonly session: IndexSession
	readonly selection: Selection
	readonly prefix: string
	/** Opens the store; not called where nothing is to be fetched. */
	readonly open: () => Promise<Store>
	readonly signal?: AbortSignal | undefined
}

/** More is no file of rules. */
const LIMIT = 2 ** 20
const JOBS = 16

/**
 * Fetches the files of dir-merge rules that count for the remote and are not the same here. After a push
 * the remote has what is here, so that only what is gone here is asked for; a pull goes by what the remote has.
 */
export async function learnRules(direction: Direction, options: LearnOptions): Promise<void> {
	const {session, selection, prefix, open, signal} = options
	if (selection.files.size === 0) return
	const texts = new Map<Path, string | undefined>()
	const names = new Set(selection.files)
	for (let known = 0; known < names.size;) {
		known = names.size
		const wanted: Entry[] = []
		for (const entry of entriesOf(session.index, names)) {
			const {path, local, remote} = entry
			if (texts.has(path)) continue
			const isSame = direction === 'push' ? local : inSync(entry)
			if (isSame || !remote) {
				for (const name of dirMergeNames(selection.textOf(path) ?? '')) names.add(name)
				if (direction === 'pull' && !remote) texts.set(path, undefined)
			} else if (remote.size > LIMIT) throw fatal(`${shown(path)} is too large for a file of rules`)
			else wanted.push(entry)
		}
		if (wanted.length === 0) continue
		const store = await open()
		await pool(wanted, {width: JOBS, signal}, async (entry) => {
			const text = await fetchText(store, entry.path, prefix + keyOf(objectPath(entry)))
			texts.set(entry.path, text)
			for (const name of dirMergeNames(text ?? '')) names.add(name)
		})
	}
	selection.learn(texts)
}

function* entriesOf(index: IndexRows, names: ReadonlySet<string>): Generator<Entry> {
	for (let row = 0; row < index.count; row++) {
		const path = index.path(row)
		if (!isDirectory(path) && names.has(nameOf(path))) yield index.entry(row)
	}
}

async function fetchText(store: Store, path: Path, key: string): Promise<string | undefined> {
	try {
		const {head, body} = await store.get(key)
		let text = ''
		for await (const piece of contentOf(arrivalOf(path, key, head, {}, 0), body, () => {}))
			text += piece.toString('latin1')
		return text
	} catch (error) {
		if (isKind(error, 'not-found')) return undefined
		throw error
	}
}
