// Conflicts of a pull that are none: of an object that was sent in parts, or as gzip, the ETag does not tell that it has the bytes of
// the file here. So it is with what a pull had made and not noted yet when it was killed.

import {typeOf} from '../format/entry.ts'
import {vouchedMd5} from './content.ts'
import {isFinal} from './final.ts'
import type {PlanItem} from './plan.ts'
import type {Receiver} from './receive.ts'

/** The item for a conflict: where the object says that it has the bytes of the file, its attributes are what is to come. */
export async function settled(receiver: Receiver, conflict: PlanItem): Promise<PlanItem> {
	const {entry} = conflict
	const {local, remote} = entry
	if (local?.md5 === undefined || !remote) return conflict
	try {
		const arrival = await receiver.arrival(entry)
		const isIt = arrival.head.etag === remote.etag && arrival.type === typeOf(local.mode)
		return isIt && vouchedMd5(arrival) === local.md5 ? {...conflict, status: 'P'} : conflict
	} catch (error) {
		if (isFinal(error, receiver.options.signal)) throw error
		// what cannot be seen to be the same stays as it is, on both sides
		return conflict
	}
}
