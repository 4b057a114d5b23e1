// Lines of a plan -> items to execute: each is decided anew from the index, so that a plan which was
// made a while ago, or executed before, does no harm.

import {fatal} from '../base/errors.ts'
import type {Path} from '../base/path.ts'
import type {Entry} from '../format/entry.ts'
import type {Status} from '../format/record.ts'
import type {IndexSession} from '../repo/session.ts'
import {type Direction, type PlanItem, pullStatus, pushStatus} from './plan.ts'
import {tooManyDeletions} from './push.ts'

/** What a line asks for: a status of a plan, or without one whatever there is to do. */
export type Wish = {readonly path: Path; readonly status?: Status | undefined}

export type ChooseOptions = {
	readonly session: IndexSession
	readonly direction: Direction
	/** As in a plan: the sending side wins every conflict. */
	readonly force?: boolean | undefined
	readonly maxDelete?: number | undefined
	readonly failed: (path: Path, error: unknown) => void
}

/**
 * Yields an item for each wish, deletions last; one that cannot be is told to `failed`. Nothing is deleted
 * that no line with a 'D' asks for. Throws before the first deletion if there are more than `maxDelete`.
 */
export async function* chosen(
	wishes: AsyncIterable<Wish> | Iterable<Wish>,
	options: ChooseOptions,
): AsyncGenerator<PlanItem> {
	const deletions: PlanItem[] = []
	for await (const wish of wishes) {
		try {
			const item = choose(wish, options)
			if (item.status === 'D') deletions.push(item)
			else yield item
		} catch (error) {
			options.failed(wish.path, error)
		}
	}
	const {maxDelete = Infinity} = options
	if (deletions.length > maxDelete) throw tooManyDeletions(deletions.length, maxDelete)
	yield* deletions
}

function choose({path, status: asked}: Wish, {session, direction, force}: ChooseOptions): PlanItem {
	const statusOf = direction === 'push' ? pushStatus : pullStatus
	const entry = session.get(path) ?? session.get(`${path}/`)
	if (asked === 'D')
		return deletion(entry ?? {path}, direction, statusOf(entry ?? {path}, {force, delete: true}))
	if (!entry) throw fatal('it is not in the index', "'s3r index' and 's3r fetch' bring the index up to date")
	const status = statusOf(entry, {force})
	if (status === undefined)
		throw fatal(direction === 'push' ? 'the index has no file of it' : 'the index has no object of it')
	// what was in the way of it stands in other entries
	if (asked === 'C' && !force) return {status: 'C', entry}
	return {status: status === 'A' && asked === 'R' ? 'R' : status, entry}
}

/** A deletion, where the receiving side has something to delete that the sending side had once and has not. */
function deletion(entry: Entry, direction: Direction, status: Status | undefined): PlanItem {
	const [from, to] = direction === 'push' ? [entry.local, entry.remote] : [entry.remote, entry.local]
	const [here, there] = direction === 'push' ? ['here', 'on the remote'] : ['on the remote', 'here']
	if (from) throw fatal(`it is ${here}, so it is not deleted ${there}`)
	if (!to) return {status: '=', entry}
	if (status === undefined)
		throw fatal(`it never was ${here}, so it is not deleted ${there}`, '--force deletes it')
	return {status, entry}
}
