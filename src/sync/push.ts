// push: the files are indexed as far as that was asked for, the index is compared with what it knows
// of the remote, and the difference is sent.

import {fatal, EXIT, S3rError} from '../base/errors.ts'
import type {Path} from '../base/path.ts'
import type {Store} from '../store/store.ts'
import {plan, type PlanItem} from './plan.ts'
import {scan, type ScanOptions, type Select} from './scan.ts'
import {send, type SendOptions} from './send.ts'

export type PushOptions = Omit<SendOptions, 'force' | 'store'> & {
	/** Opens the store; not called where there is nothing to send. */
	readonly open: () => Promise<Store>
	/** What is indexed first; nothing without. */
	readonly scan?:
		| Pick<ScanOptions, 'root' | 'paths' | 'oneFileSystem' | 'checksum' | 'onTemporary' | 'onChange'>
		| undefined
	readonly select?: Select | undefined
	/** Only these paths and what is below them are sent. */
	readonly within?: ((path: Path) => boolean) | undefined
	readonly delete?: boolean | undefined
	readonly maxDelete?: number | undefined
	readonly force?: boolean | undefined
	readonly same?: boolean | undefined
}

/** What stopped the deletions, if anything did. */
export type Outcome = {readonly tooMany?: number | undefined; readonly unread?: boolean | undefined}

/** Pushes; the session is saved by the caller. Resolves when all is done that could be. */
export async function push(options: PushOptions): Promise<Outcome> {
	const unread = options.scan ? await index(options, options.scan) : false
	const {session, within, force, same} = options
	const items = [
		...plan(session.index, {direction: 'push', force, same, delete: options.delete, select: within}),
	]
	const {kept, outcome} = guardDeletions(items, {unread, maxDelete: options.maxDelete})
	if (kept.length > 0) await send(kept, {...options, store: await options.open()})
	return outcome
}

/** Indexes the files; resolves to whether some could not be read. */
export async function index(
	{
		session,
		files,
		owners,
		select,
		signal,
		events,
		delete: deletes,
		force,
	}: Omit<PushOptions, 'open' | 'prefix'>,
	how: NonNullable<PushOptions['scan']>,
): Promise<boolean> {
	let unread = false
	const before = session.index.device
	const scanned = await scan({
		...how,
		index: session.index,
		contents: files,
		owners,
		select,
		signal,
		onError(path, error) {
			unread = true
			events.failed(path, error)
		},
	})
	const {device} = scanned.index
	if (deletes && !force && before !== 0n && device !== before)
		throw fatal(
			'the root lies on another device than when it was last indexed',
			'is a disk not mounted? --force goes on',
		)
	if (scanned.changed) session.adopt(scanned.index)
	return unread
}

/**
 * Takes out the deletions that must not be: any, where some files could not be read and so only seem
 * gone (rsync's rule), and all, where they are more than --max-delete.
 */
export function guardDeletions(
	items: readonly PlanItem[],
	{unread, maxDelete}: {readonly unread: boolean; readonly maxDelete?: number | undefined},
): {readonly kept: readonly PlanItem[]; readonly outcome: Outcome} {
	const count = items.reduce((sum, {status}) => sum + (status === 'D' ? 1 : 0), 0)
	const tooMany = maxDelete !== undefined && count > maxDelete ? count : undefined
	if (tooMany === undefined && !(unread && count > 0)) return {kept: items, outcome: {}}
	const kept = items.filter(({status}) => status !== 'D')
	return {kept, outcome: tooMany === undefined ? {unread: true} : {tooMany}}
}

/** The error that --max-delete ends with. */
export const tooManyDeletions = (count: number, limit: number): S3rError =>
	new S3rError(`${count} deletions are more than --max-delete=${limit} allows, nothing was deleted`, {
		status: EXIT.maxDelete,
	})
