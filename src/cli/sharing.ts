// What threads and the main thread have in common, of a store that both ask.

import type {AdaptiveWidth} from '../base/adaptive.ts'
import {addTo, type Counts} from '../store/counted.ts'
import type {CrewOptions} from '../sync/crew.ts'
import type {Opened} from './opening.ts'

/** Where its bucket is, what is asked of it, and that it wants to be asked for less. */
export const sharing = (
	{store, counts}: Opened,
	jobs: AdaptiveWidth,
): Pick<CrewOptions, 'findSite' | 'onSlowDown' | 'onCounts'> => ({
	findSite: store.findSite,
	onSlowDown: () => jobs.slowDown(),
	onCounts: (more: Counts) => addTo(counts, more),
})
