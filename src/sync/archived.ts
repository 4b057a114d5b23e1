// A pull of what is archived (GLACIER, DEEP_ARCHIVE): a copy is asked for, and comes hours later.

import {fatal} from '../base/errors.ts'
import type {Entry} from '../format/entry.ts'
import type {Restoring} from '../store/store.ts'
import {isFinal} from './final.ts'
import type {Receiver, ReceiveOptions} from './receive.ts'

/** Asks for a copy of an entry's object where `restore` says how, and tells that it comes later. */
export async function askForCopy(receiver: Receiver, entry: Entry): Promise<void> {
	const {store, events, restore, signal} = receiver.options
	if (restore === undefined) return
	try {
		const state = await store.restore(receiver.key(entry), {...restore, ...receiver.version(entry)})
		events.failed(entry.path, toCome(state, restore))
	} catch (error) {
		if (isFinal(error, signal)) throw error
		events.failed(entry.path, error)
	}
}

const toCome = (state: Restoring, {days, tier}: NonNullable<ReceiveOptions['restore']>) =>
	fatal(
		state === 'begun'
			? `it is archived, and a copy for ${days} days was asked for (${tier})`
			: 'it is archived, and a copy was asked for before',
		HOURS[tier],
	)

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects-retrieval-options.html */
const HOURS = {
	Expedited: 'run this again in some minutes',
	Standard: 'run this again in 3 to 5 hours, or 12 for DEEP_ARCHIVE',
	Bulk: 'run this again in 5 to 12 hours, or 48 for DEEP_ARCHIVE',
} as const
