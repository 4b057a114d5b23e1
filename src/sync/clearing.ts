// What stands where something new is to come: whether it may go, and how it goes.

import {parentOf, type Path, withoutSlash} from '../base/path.ts'
import {type Entry, localIsBase, TYPE, typeOf} from '../format/entry.ts'
import {localRecord} from '../format/sides.ts'
import {backupNames} from './backup.ts'
import type {Notes} from './notes.ts'
import type {ReceiveOptions} from './receive.ts'

export class Clearing {
	readonly #options: ReceiveOptions
	readonly #notes: Notes

	constructor(options: ReceiveOptions, notes: Notes) {
		this.#options = options
		this.#notes = notes
	}

	/** Removes a file that is in the way of a directory, if it is gone on the remote and has not changed here; false if it stays. */
	makeWay(directory: Path): boolean {
		const {disk, session, backup, events} = this.#options
		const stat = disk.stat(directory)
		if (!stat || typeOf(stat.mode) === TYPE.directory) return true
		const file = session.get(withoutSlash(directory)) ?? {path: withoutSlash(directory)}
		if (file.remote) return false
		if (backup === undefined && (!localIsBase(file) || !this.#notes.isAsIndexed(file))) return false
		if (backup === undefined) disk.remove(file.path)
		else this.keepBackup(file.path)
		if (!file.local) return true
		this.#notes.gone(file)
		events.done({line: {status: 'D', record: localRecord(file)}, entry: file})
		return true
	}

	/** Whether a directory that the remote has no more is in the place of a new file. */
	isBlocked({path, local}: Entry): boolean {
		if (local !== undefined || !this.#isDirectory(path)) return false
		return this.#options.session.get(`${path}/`)?.remote === undefined
	}

	/** Whether a new file may take the place of what is there: that is what the index says, is kept, or may go. */
	mayReplace(entry: Entry): boolean {
		const {backup, force} = this.#options
		if (force === true) return true
		return backup === undefined ? this.#notes.isAsIndexed(entry) : !this.#isShared(entry.path)
	}

	/** Moves what is in the way of a new file aside, where that was asked for, and never over another backup. */
	keepBackup(path: Path): void {
		const {backup, disk} = this.#options
		if (backup === undefined || disk.stat(path) === undefined) return
		for (const name of backupNames(backup, path)) {
			if (disk.stat(name) !== undefined) continue
			this.#makeParents(name)
			disk.rename(path, name)
			return
		}
	}

	/** Makes the directories that lead to a path. */
	#makeParents(path: Path): void {
		const directory = parentOf(path)
		const {disk} = this.#options
		if (directory === '' || disk.stat(directory) !== undefined) return
		this.#makeParents(directory)
		disk.directory(directory)
	}

	/** Whether a directory is here that the remote has, too: it is not moved away for a file. */
	#isShared(path: Path): boolean {
		if (!this.#isDirectory(path)) return false
		const {index} = this.#options.session
		const found = index.find(`${path}/`)
		for (let row = found < 0 ? -1 - found : found; row < index.count; row++) {
			if (!index.path(row).startsWith(`${path}/`)) return false
			if (index.hasRemote(row)) return true
		}
		return false
	}

	#isDirectory(path: Path): boolean {
		const stat = this.#options.disk.stat(path)
		return stat !== undefined && typeOf(stat.mode) === TYPE.directory
	}
}
