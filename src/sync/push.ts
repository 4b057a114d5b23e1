// push: the files are indexed as far as that was asked for, the index is compared with what it knows
// of the remote, and the difference is sent.

import {fatal, EXIT, S3rError} from '../base/errors.ts'
import type {Path} from '../base/path.ts'
import type {IndexRows} from '../format/index-file.ts'
import type {IndexSession} from '../repo/session.ts'
import type {Store} from '../store/store.ts'
import {type Compare, withoutHad} from './compare-dest.ts'
import {hashUnsent, isHashedLate, LATE_BELOW} from './late-hash.ts'
import {countDeletions, type Direction, plan, type PlanItem} from './plan.ts'
import {type Narrow, narrowed, withoutNewer} from './narrow.ts'
import {learnRules} from './remote-rules.ts'
import {scan, type ScanOptions} from './scan.ts'
import type {Selection} from './select.ts'
import {send, type SendOptions} from './send.ts'
import {beginEarly, type Found} from './crew-share.ts'
import {hashTwins} from './twins.ts'

export type PushOptions = Omit<SendOptions, 'force' | 'store' | 'session'> & {
	readonly session: IndexSession
	/** Opens the store; not called where it is seen that there is nothing to send. */
	readonly open: () => Promise<Store>
	/** What is indexed first; nothing without. */
	readonly scan?:
		| Pick<
				ScanOptions,
				'root' | 'paths' | 'shallow' | 'sizes' | 'oneFileSystem' | 'checksum' | 'onTemporary' | 'onChange'
		  >
		| undefined
	readonly selection?: Selection | undefined
	/** Only these paths and what is below them are sent. */
	readonly within?: ((path: Path) => boolean) | undefined
	readonly force?: boolean | undefined
} & PlanChoices

/** What is done of what there is to do. */
export type PlanChoices = {
	readonly delete?: boolean | undefined
	/** Deletions go before all else; without, they come last. */
	readonly deleteBefore?: boolean | undefined
	readonly maxDelete?: number | undefined
	readonly narrow?: (Narrow & {readonly update?: boolean | undefined}) | undefined
	/** Says which files another place has, so that they need not be moved. */
	readonly compare?: Compare | undefined
	readonly same?: boolean | undefined
	/** Is told before the work how many bytes are to be transferred: a look at the whole plan, so only for who asks. */
	readonly onExpected?: ((bytes: number) => void) | undefined
}

/** What stopped the deletions, if anything did. */
export type Outcome = {readonly tooMany?: number | undefined; readonly unread?: boolean | undefined}

/** Pushes; the session is saved by the caller. Resolves when all is done that could be. */
export async function push(options: PushOptions): Promise<Outcome> {
	try {
		return await pushed(options)
	} finally {
		await options.crew?.end()
	}
}

async function pushed(options: PushOptions): Promise<Outcome> {
	const {selection, session} = options
	const isLate = isHashedLate(options)
	let opened: Promise<Store> | undefined
	const open = () => (opened ??= options.open())
	const onFound = (found: Found) => beginEarly(options.crew, found)
	const {scan: looking} = options
	const atFirst = {unhashedBelow: LATE_BELOW, onChange: openingEarly(open, options)}
	const unread = looking ? await index(options, isLate ? {...looking, ...atFirst} : looking, onFound) : false
	if (isLate) hashTwins(options)
	if (selection && options.delete) await learnRules('push', {...options, selection, open})
	const outcome = await inPasses('push', unread, options, async (items) => {
		const first = items.next()
		if (!first.value) return
		const store = await open()
		const rest = from(first.value, items)
		await send(asked(rest, 'push', {...options, store}), {...options, session, store})
	})
	if (isLate) hashUnsent(options)
	return outcome
}

/** So many new files are found before there is something to send for certain, and it will be a while until all are. */
const SOME = 256

/** For `onChange`, which is told all the same: has the store opened, and show whether it obeys guards, once there is much to send. */
function openingEarly(
	open: () => Promise<Store>,
	{scan: looking, force, narrow}: Pick<PushOptions, 'scan' | 'force' | 'narrow'>,
): ScanOptions['onChange'] {
	let found = 0
	return (status, entry) => {
		looking?.onChange?.(status, entry)
		if (narrow?.existing || ++found !== SOME) return
		void open()
			.then((store) => (force ? undefined : store.showGuards?.()))
			.catch(() => {}) // who sends waits for the same promises, and tells what went wrong
	}
}

function* from(first: PlanItem, rest: Iterable<PlanItem>): Generator<PlanItem, undefined> {
	yield first
	yield* rest
}

/** The items that are left when the other side, and other places, were asked for them. */
export function asked(
	items: Iterable<PlanItem>,
	direction: Direction,
	{narrow, compare, store, prefix}: PlanChoices & {readonly store: Store; readonly prefix: string},
): AsyncIterable<PlanItem> | Iterable<PlanItem> {
	const older = narrow?.update ? withoutNewer(items, {direction, store, prefix}) : items
	return compare ? withoutHad(older, compare, {store, prefix}) : older
}

/** Executes the plan of a push or pull: all of it, or its deletions and then the rest. */
export async function inPasses(
	direction: Direction,
	unread: boolean,
	options: GuardOptions & {readonly session: IndexSession; readonly deleteBefore?: boolean | undefined},
	execute: (items: Generator<PlanItem, undefined>) => Promise<void>,
): Promise<Outcome> {
	const {session} = options
	const {items, outcome} = guardedPlan(session.index, direction, unread, options)
	if (options.onExpected)
		options.onExpected(bytesOf(guardedPlan(session.index, direction, unread, options).items, direction))
	if (!options.deleteBefore) {
		await execute(items)
		return outcome
	}
	await execute(only(items, (status) => status === 'D'))
	const rest = guardedPlan(session.index, direction, unread, options)
	await execute(only(rest.items, (status) => status !== 'D'))
	return outcome
}

/** The bytes of content that a plan transfers. */
function bytesOf(items: Iterable<PlanItem>, direction: Direction): number {
	let sum = 0
	for (const {status, entry} of items)
		if (status === 'A' || status === 'M' || status === 'T')
			sum += (direction === 'push' ? entry.local : entry.remote)?.size ?? 0
	return sum
}

/** Indexes the files; resolves to whether some could not be read. `onFound` is told before that is written. */
export async function index(
	{
		session,
		files,
		owners,
		selection,
		signal,
		events,
		delete: deletes,
		force,
	}: Omit<PushOptions, 'open' | 'prefix' | 'crew' | 'jobs' | 'selection'> & {
		readonly selection?: Pick<Selection, 'scans'> | undefined
	},
	how: NonNullable<PushOptions['scan']> & Pick<ScanOptions, 'unhashedBelow'>,
	onFound?: (found: Found) => void,
): Promise<boolean> {
	let unread = false
	const before = session.index.device
	const scanned = await scan({
		...how,
		index: session.index,
		building: session.building,
		contents: files,
		owners,
		select: selection?.scans,
		signal,
		onError(path, error) {
			unread = true
			events.failed(path, error)
		},
		onVanished: events.vanished,
	})
	const {device} = scanned.index
	if (deletes && !force && before !== 0n && device !== before)
		throw fatal(
			'the root lies on another device than when it was last indexed',
			'is a disk not mounted? --force goes on',
		)
	onFound?.({known: session.index.count, count: scanned.index.count})
	if (scanned.changed || device !== before) session.adopt(scanned.index)
	return unread
}

type GuardOptions = Pick<
	PushOptions,
	'selection' | 'within' | 'delete' | 'maxDelete' | 'force' | 'same' | 'narrow' | 'onExpected'
>

/**
 * The plan of a push or pull, without the deletions that must not be: any, where some files could not be
 * read and so only seem gone (rsync's rule), and all, where they are more than --max-delete.
 */
function guardedPlan(
	known: IndexRows,
	direction: Direction,
	unread: boolean,
	options: GuardOptions,
): {readonly items: Generator<PlanItem, undefined>; readonly outcome: Outcome} {
	const {selection, within, force, same, maxDelete = Infinity} = options
	const how = {direction, force, same, delete: options.delete, select: within, selection}
	const count = unread || maxDelete < Infinity ? countDeletions(known, how) : 0
	const outcome = count > maxDelete ? {tooMany: count} : unread && count > 0 ? {unread} : undefined
	const items = options.narrow ? narrowed(plan(known, how), direction, options.narrow) : plan(known, how)
	return outcome ? {items: only(items, (status) => status !== 'D'), outcome} : {items, outcome: {}}
}

function* only(
	items: Iterable<PlanItem>,
	is: (status: PlanItem['status']) => boolean,
): Generator<PlanItem, undefined> {
	for (const item of items) if (is(item.status)) yield item
}

/** The error that --max-delete ends with. */
export const tooManyDeletions = (count: number, limit: number): S3rError =>
	new S3rError(`${count} deletions are more than --max-delete=${limit} allows, nothing was deleted`, {
		status: EXIT.maxDelete,
	})
