// What a pull would take, where it only pretends.

import {isDirectory} from '../base/path.ts'
import type {Counts} from '../store/counted.ts'
import {rangesOf} from './download.ts'
import type {Done, Events} from './events.ts'

/** `events`, with the requests that each item would take counted as it is told. */
export const estimating = (events: Events, counts: Counts): Events => ({
	...events,
	done: (item) => {
		add(item, counts)
		events.done(item)
	},
})

/** Before a file is deleted its object is asked for; directories, new attributes and large files take a head, all but the first two the bytes. */
function add({line: {status}, entry}: Done, counts: Counts): void {
	if (status === 'C' || status === '=') return
	if (status === 'D' || status === 'P' || isDirectory(entry.path)) counts.head++
	else {
		const size = entry.remote?.size ?? 0
		const ranges = rangesOf(size)
		if (ranges > 0) counts.head++
		counts.get += ranges || 1
		counts.received += size
	}
}
