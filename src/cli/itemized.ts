// A finished item in rsync's eleven characters.

import {isDirectory} from '../base/path.ts'
import type {Done} from '../sync/events.ts'
import type {Direction} from '../sync/plan.ts'
import {type Change, ITEM_DELETED, itemize} from '../format/itemize.ts'
import {typeOf} from '../format/mode.ts'

/** What -i prints of an item; the attributes that changed are those that differ from what was there before. */
export function itemized({line, entry, was}: Done, direction: Direction): string {
	const {status} = line
	if (status === 'D') return ITEM_DELETED
	const {local} = entry
	const isContent = status === 'A' || status === 'M' || status === 'T'
	const changed = new Set<Change>()
	if (local && was) {
		if (status === 'M') changed.add('checksum')
		if (was.size !== local.size && !isDirectory(entry.path)) changed.add('size')
		if (was.mtime !== local.mtime) changed.add('time')
		if ((was.mode & 0o7777) !== (local.mode & 0o7777)) changed.add('perms')
		if (was.uid !== local.uid) changed.add('owner')
		if (was.gid !== local.gid) changed.add('group')
		if (status === 'P' && changed.size === 0) changed.add('xattr')
	}
	const type = typeOf(local?.mode ?? (isDirectory(entry.path) ? 0o040000 : 0o100000)) ?? 'file'
	const isFile = type === 'file' || type === 'link'
	const action =
		isContent && isFile
			? direction === 'push'
				? 'send'
				: 'receive'
			: isContent || status === 'R'
				? 'local'
				: 'none'
	return itemize({action, type, isNew: status === 'A' || status === 'R', changed})
}
