// What status tells a person, at a glance.

import type {Path} from '../base/path.ts'
import {quote} from '../base/quote.ts'
import {fromUnicode} from '../base/path.ts'
import {type Remote, remoteUrl} from '../format/remote.ts'
import type {Status} from '../format/record.ts'
import type {PlanItem} from '../sync/plan.ts'
import {folded, type Standing} from '../sync/standing.ts'
import type {Palette} from './color.ts'
import {humanBytes} from './human.ts'

const WORDS: Readonly<Record<Status, string>> = {
	A: 'new',
	M: 'modified',
	P: 'metadata',
	T: 'type changed',
	R: 'copied',
	D: 'deleted',
	C: 'conflict',
	'=': 'same',
}
/** Columns of a word. */
const WIDTH = 14

type Group = {
	readonly items: readonly PlanItem[]
	readonly title: string
	readonly hint: string
	readonly hue: keyof Palette
	readonly bytes?: number
}

/** The lines for a person; `seen` shows a path as it is seen from where the person is. */
export function* standingLines(
	standing: Standing,
	remote: Remote,
	hues: Palette,
	seen: (path: Path) => Path,
): Iterable<string> {
	yield `remote ${fromUnicode(remoteUrl(remote))}`
	const groups = groupsOf(standing).filter(({items}) => items.length > 0)
	for (const {items, title, hint, hue, bytes} of groups) {
		const size = bytes === undefined ? '' : `, ${humanBytes(bytes)}`
		yield `\n${title} (${items.length} item${items.length === 1 ? '' : 's'}${size}):`
		yield `  ${hues.dim(`(${hint})`)}`
		for (const {item, below} of folded(items)) {
			const {status, entry} = item
			const more = below > 0 ? ` and ${below} in it` : ''
			const word = status === 'A' && entry.base ? 'deleted there' : WORDS[status]
			yield `    ${hues[hue](`${word.padEnd(WIDTH)}${quote(seen(entry.path))}${more}`)}`
		}
	}
	if (groups.length === 0) yield 'nothing to push, and nothing newer on the remote as far as is known'
}

const groupsOf = ({toSend, gone, conflicts, newer}: Standing): readonly Group[] => [
	{
		items: toSend,
		title: 'to push',
		hint: "'s3r push -a' sends them",
		hue: 'green',
		bytes: toSend.reduce((sum, {status, entry}) => sum + (isSent(status) ? (entry.local?.size ?? 0) : 0), 0),
	},
	{
		items: gone,
		title: 'gone here, still on the remote',
		hint: "'s3r push -a --delete' deletes them there too, 's3r pull' brings them back",
		hue: 'red',
	},
	{
		items: conflicts,
		title: 'changed on both sides',
		hint: "'s3r pull --backup' keeps both, 's3r push --force' lets this side win",
		hue: 'magenta',
	},
	{
		items: newer,
		title: 'newer on the remote, as last heard',
		hint: "'s3r pull' brings them, 's3r fetch' hears again",
		hue: 'cyan',
	},
]

/** Whether the bytes are sent, not only copied or described anew on the remote. */
const isSent = (status: Status): boolean => status === 'A' || status === 'M' || status === 'T'
