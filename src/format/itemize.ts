// rsync's itemized changes, as -i prints them: YXcstpoguax. See rsync(1), --itemize-changes.

import type {FileType} from './mode.ts'

/** What about an item is changed, each with the letter that says so. */
export type Change = 'checksum' | 'size' | 'time' | 'perms' | 'owner' | 'group' | 'atime' | 'acl' | 'xattr'

export type Item = {
	/**
	 * What is done: its content is sent or received, it is made or changed without content (`local`), made as
	 * a hard link, or left with at most its attributes changed (`none`).
	 */
	readonly action: 'send' | 'receive' | 'local' | 'hardlink' | 'none'
	readonly type: FileType
	readonly isNew: boolean
	readonly changed: ReadonlySet<Change>
}

const ACTIONS = {send: '<', receive: '>', local: 'c', hardlink: 'h', none: '.'} as const
const TYPES = {file: 'f', directory: 'd', link: 'L', fifo: 'S', socket: 'S', char: 'D', block: 'D'} as const
const LETTERS: readonly (readonly [Change, string])[] = [
	['checksum', 'c'],
	['size', 's'],
	['time', 't'],
	['perms', 'p'],
	['owner', 'o'],
	['group', 'g'],
	['atime', 'u'],
	['acl', 'a'],
	['xattr', 'x'],
]

/** The eleven characters of an item. */
export function itemize({action, type, isNew, changed}: Item): string {
	const head = ACTIONS[action] + TYPES[type]
	if (isNew) return head.padEnd(11, '+')
	if (changed.size === 0) return head.padEnd(11, ' ')
	return head + LETTERS.map(([change, letter]) => (changed.has(change) ? letter : '.')).join('')
}

/** The eleven characters of an item that is deleted. */
export const ITEM_DELETED = '*deleting  '
