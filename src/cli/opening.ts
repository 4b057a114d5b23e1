// How a command opens the store of a remote: counted, and as its options want it.

import {fatal} from '../base/errors.ts'
import {fromUnicode} from '../base/path.ts'
import {Rate} from '../base/rate.ts'
import {parseMoment} from '../format/moment.ts'
import type {Prices} from '../format/price.ts'
import {type Remote, remoteUrl} from '../format/remote.ts'
import {rememberConditional} from '../repo/conditional.ts'
import {findPlace} from '../repo/find.ts'
import {pricesOf} from '../repo/remotes.ts'
import {atMoment} from '../store/at.ts'
import {type Counts, counted} from '../store/counted.ts'
import {dryRun} from '../store/dry.ts'
import {limited} from '../store/limited.ts'
import {openStore} from '../store/open.ts'
import type {Store} from '../store/store.ts'
import type {Context, Values} from './command.ts'
import type {atFlags} from './flags.ts'

export type Opened = {
	readonly store: Store
	readonly counts: Counts
	/** What requests to it cost, where that is known. */
	readonly prices: () => Prices | undefined
}

/** Opens a remote's store, counted; with `pretend` nothing is written to it. */
export async function openRemote(
	context: Context,
	remote: Remote,
	options: {
		readonly pretend?: boolean | undefined
		readonly onSlowDown?: (() => void) | undefined
		/** As it was then, in milliseconds since the epoch. */
		readonly at?: number | undefined
		readonly maxRequests?: number | undefined
		/** Bytes of objects a second. */
		readonly bwlimit?: number | undefined
	} = {},
): Promise<Opened> {
	const open = context.openStore ?? openStore
	const {onSlowDown, pretend, at, maxRequests, bwlimit} = options
	const onProbed = pretend ? undefined : noteConditional(context, remote)
	const opened = await open(remote, {signal: context.signal, onSlowDown, onProbed})
	// what is only pretended counts too: that is the estimate of -n --stats
	const countedStore = counted(pretend ? dryRun(opened) : opened, maxRequests)
	const {counts} = countedStore
	const store = bwlimit ? limited(countedStore, new Rate(bwlimit), context.signal) : countedStore
	const prices = () => pricesOf(remote, {place: findPlace(context.cwd, context.env), env: context.env})
	if (at === undefined) return {store, counts, prices}
	return {
		store: atMoment(store, {time: at, onUnversioned: noteUnversioned(context, remote)}),
		counts,
		prices,
	}
}

/** Throws where the bucket of a remote is not there. */
export async function checkBucket({store}: Opened, {bucket}: Remote): Promise<void> {
	if (!(await store.bucketExists())) throw fatal(`no such bucket '${bucket}'`)
}

const noteUnversioned =
	({io}: Context, {bucket}: Remote) =>
	(): void => {
		io.say(`warning: bucket '${bucket}' keeps no versions: what was replaced or deleted since cannot be seen`)
		io.say(`hint: 's3r create-bucket --versioning ${bucket}' keeps them from now on`)
	}

/** Remembers whether a store obeys guards, and says it where it does not: once, for it is asked once. */
const noteConditional =
	({cwd, env, io}: Context, remote: Remote) =>
	(conditional: boolean): void => {
		if (!conditional)
			io.say(
				`warning: ${fromUnicode(remoteUrl(remote))} has no conditional writes: ` +
					'of two who write one object within a moment, the later wins',
			)
		const place = findPlace(cwd, env)
		if (place) rememberConditional(place, remote, conditional)
	}

/** The moment that --at means. */
export const momentOf = ({at}: Values<typeof atFlags>): number | undefined =>
	at === undefined ? undefined : parseMoment('at', at, Date.now())
