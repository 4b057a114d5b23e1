// How much memory V8 takes before it looks for what is not used any more.

import {setFlagsFromString} from 'node:v8'

/**
 * Lets the heap grow by this many percent of what is in use before all of it is collected. V8 by itself waits for several
 * times as much, which with long lists is most of the memory of a process; what this costs is a tenth of the CPU.
 */
const GROWTH = 40

/** For commands that go through long lists and live on a memory budget; for the rest of the process. */
export function keepHeapSmall(): void {
	setFlagsFromString(`--heap-growing-percent=${GROWTH}`)
}
