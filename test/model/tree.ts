// A tree of files on a real disk: what is done to it by its user, and what is in it.

import {
	chmodSync,
	linkSync,
	lstatSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	readlinkSync,
	renameSync,
	rmSync,
	symlinkSync,
	utimesSync,
	writeFileSync,
} from 'node:fs'
import {dirname, join} from 'node:path'
import {type What, whatOf} from './history.ts'

/** What a user does. A path never ends in '/'. */
export type Edit =
	| {readonly do: 'write'; readonly path: string; readonly content: string}
	| {readonly do: 'touch'; readonly path: string; readonly time: number}
	| {readonly do: 'chmod'; readonly path: string; readonly mode: number}
	| {readonly do: 'delete'; readonly path: string}
	| {readonly do: 'mkdir'; readonly path: string}
	| {readonly do: 'rename'; readonly path: string; readonly to: string}
	| {readonly do: 'hardlink'; readonly path: string; readonly to: string}
	| {readonly do: 'symlink'; readonly path: string; readonly content: string}

export type Seen = {readonly what: What; readonly attributes: string}

/** All files by their paths, directories with a final '/'. */
export type Snapshot = ReadonlyMap<string, Seen>

const OWN = '.s3rsync'

/** Does it, or nothing where it cannot be done. */
export function apply(root: string, edit: Edit): void {
	const path = join(root, edit.path)
	try {
		if (edit.do === 'write') write(path, edit.content)
		else if (edit.do === 'touch') utimesSync(path, edit.time, edit.time)
		else if (edit.do === 'chmod') chmodSync(path, edit.mode | (lstatSync(path).isDirectory() ? 0o700 : 0))
		else if (edit.do === 'delete') rmSync(path, {recursive: true})
		else if (edit.do === 'mkdir') mkdirSync(path, {recursive: true})
		else if (edit.do === 'symlink') symlink(path, edit.content)
		else if (edit.do === 'hardlink') linkSync(path, join(root, edit.to))
		else renameSync(path, join(root, edit.to))
	} catch {
		// a user's command that fails
	}
}

function write(path: string, content: string): void {
	mkdirSync(dirname(path), {recursive: true})
	if (lstatSync(path, {throwIfNoEntry: false})?.isSymbolicLink()) rmSync(path)
	writeFileSync(path, content)
}

function symlink(path: string, target: string): void {
	mkdirSync(dirname(path), {recursive: true})
	rmSync(path, {recursive: true, force: true})
	symlinkSync(target, path)
}

export function snapshot(root: string): Snapshot {
	const found = new Map<string, Seen>()
	const look = (directory: string): void => {
		for (const entry of readdirSync(join(root, directory), {withFileTypes: true})) {
			const path = directory + entry.name
			if (path === OWN) continue
			const stat = lstatSync(join(root, path))
			const attributes = `${(stat.mode & 0o7777).toString(8)} ${stat.isDirectory() ? '' : stat.mtimeMs}`
			if (entry.isDirectory()) {
				found.set(`${path}/`, {what: whatOf(4, ''), attributes})
				look(`${path}/`)
			} else if (entry.isSymbolicLink())
				found.set(path, {what: whatOf(10, readlinkSync(join(root, path))), attributes: ''})
			else found.set(path, {what: whatOf(8, readFileSync(join(root, path), 'utf8')), attributes})
		}
	}
	look('')
	return found
}
