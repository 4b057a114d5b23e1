// A file or directory gets another name, here and on the remote: renamed here, copied there by the store, and only
// then deleted there.
//
// The rename comes first, so that whatever happens next, a push makes the remote what the files are. Who died in
// between is gone on with: the index tells that what is at the new place is what was at the old one.

import {fatal} from '../base/errors.ts'
import {isDirectory, type Path, withoutSlash} from '../base/path.ts'
import {type Entry, inSync, TYPE, typeOf} from '../format/entry.ts'
import {keyOf} from '../format/key.ts'
import type {Stat} from '../local/stat.ts'
import type {Disk} from './disk.ts'
import type {PlanItem} from './plan.ts'
import {plan, pushStatus} from './plan.ts'
import {send, type SendOptions} from './send.ts'

export type MoveOptions = SendOptions & {
	readonly disk: Disk
}

/** Two paths without a final '/'. */
export type Move = {readonly from: Path; readonly to: Path}

/** Moves one file or directory. Throws where it cannot be renamed; what fails on the remote is told. */
export async function move({from, to}: Move, options: MoveOptions): Promise<void> {
	const {disk, pretend, session, events} = options
	const source = disk.stat(from)
	const target = disk.stat(to)
	const entries = below(options, from)
	if (!source && !wasMoved(options, {from, to})) throw fatal('no such file or directory')
	if (`${to}/`.startsWith(`${from}/`)) throw fatal('it cannot be moved into itself, nor onto itself')
	if (source) await refuseOther(options, {from, to}, source, target)
	if (source && pretend) return tell(options, entries, {from, to})
	if (source) disk.rename(from, to)
	const moved = new Set(note(options, entries, {from, to}, source))
	await send(
		selected(options, (path) => isAt(path, to)),
		options,
	)
	const deletions: PlanItem[] = []
	for (const {path} of below(options, from)) {
		const old = session.get(path)
		const made = session.get(to + path.slice(from.length))
		if (!old?.remote || old.local || !made) continue
		const isThere = inSync(made) && (moved.has(made.path) || made.base?.md5 === old.base?.md5)
		if (!isThere) continue
		const status = pushStatus(old, {delete: true, force: options.force})
		if (status === 'D' || status === 'C') deletions.push({status, entry: old})
		else if (!old.base)
			events.failed(path, fatal('the object there never was this file, so it is not deleted'))
	}
	await send(deletions, options)
}

const isAt = (path: Path, root: Path): boolean => path === root || path.startsWith(`${root}/`)

/** What the index knows of a path, and of all below it. */
function below({session: {index}}: MoveOptions, root: Path): Entry[] {
	const found: Entry[] = []
	const own = index.find(root)
	if (own >= 0) found.push(index.entry(own))
	const first = index.find(`${root}/`)
	for (let row = first < 0 ? -1 - first : first; row < index.count; row++) {
		const path = index.path(row)
		if (!path.startsWith(`${root}/`)) break
		found.push(index.entry(row))
	}
	return found
}

/**
 * Whether a run that died has renamed it: what is at the new place is what the index knows of the old one, or is
 * just what the remote has of that.
 */
export function wasMoved(options: MoveOptions, {from, to}: Move): boolean {
	const {session, disk} = options
	return (
		!disk.stat(from) &&
		below(options, from).some(({path, local, base, remote}) => {
			const there = to + path.slice(from.length)
			const stat = disk.stat(there)
			// the index keeps no inode of a directory
			const isSame = isDirectory(path) ? stat?.mtime === local?.mtime : BigInt(stat?.ino ?? 0) === local?.ino
			if (stat && local) return isSame && stat.mode === local.mode
			const made = session.get(there)
			return stat && remote && base && made?.local?.md5 === base.md5 && made?.attrs === base.attrs
		})
	)
}

/** Throws where there is something at the new place, here, by the index, or on the remote. */
async function refuseOther(
	{disk, force, session, store, prefix}: MoveOptions,
	{to}: Move,
	source: Stat,
	target: Stat | undefined,
): Promise<void> {
	const parent = to.slice(0, Math.max(0, to.lastIndexOf('/')))
	const above = parent === '' ? source : disk.stat(parent)
	if (parent !== '' && (!above || typeOf(above.mode) !== TYPE.directory))
		throw fatal('there is no such directory to move it to')
	if (force) return
	if (target) throw fatal('there is a file of that name already', '--force replaces it')
	const hint = "'s3r fetch' takes note of it, --force replaces it"
	const isKnown = session.get(to)?.remote ?? session.get(`${to}/`)?.remote
	if (isKnown) throw fatal('the remote has something of that name', '--force replaces it')
	const key = prefix + keyOf(to)
	if (typeOf(source.mode) !== TYPE.directory) {
		if (await store.head(key)) throw fatal('the remote has something of that name', hint)
		return
	}
	for await (const page of store.list(`${key}/`)) {
		if (page.length > 0) throw fatal('the remote has something of that name', hint)
		return
	}
}

/** Notes in the index that the files are at the new place; returns the new paths. */
function note(
	{session, disk}: MoveOptions,
	entries: readonly Entry[],
	{from, to}: Move,
	before: Stat | undefined,
): Path[] {
	return entries.flatMap((entry) => {
		const {path, local, attrs, remote, base} = entry
		if (!local) return []
		const made = to + path.slice(from.length)
		const old = session.get(made)
		const now = withoutSlash(path) === from ? disk.stat(to) : undefined
		// a rename changes the ctime of what was renamed; one that was changed otherwise shall be looked at again
		const isAsIndexed =
			before !== undefined && before.ctime === local.ctime && BigInt(before.ino) === local.ino
		const seen = now && isAsIndexed ? {...local, ctime: now.ctime} : local
		session.put({path: made, local: seen, remote: old?.remote, base: old?.base, attrs})
		session.put({path, remote, base})
		return [made]
	})
}

/** What a push would do with the paths that are chosen, with its deletions. */
const selected = ({session, force}: MoveOptions, select: (path: Path) => boolean): Iterable<PlanItem> =>
	plan(session.index, {direction: 'push', force, select})

/** What would be done, for -n. */
function tell({events}: MoveOptions, entries: readonly Entry[], {from, to}: Move): void {
	for (const entry of entries) {
		const {path, local, remote} = entry
		if (!local) continue
		const {mode, size, mtime, md5} = local
		const digest = md5 === undefined ? undefined : (`md5:${md5}` as const)
		const status = remote && size > 0 && typeOf(mode) === TYPE.file ? 'R' : 'A'
		const record = {path: to + path.slice(from.length), mode, size, mtime, digest}
		events.done({line: {status, record}, entry: {...entry, path: record.path}})
	}
	for (const entry of entries) {
		const {path, remote} = entry
		if (!remote) continue
		const record = {path, size: remote.size, digest: `etag:${remote.etag}` as const}
		events.done({line: {status: 'D', record}, entry})
	}
}
