// What V8 is told of the run that is ahead.

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

/** MiB in which a thread makes new objects, and as many again into which it copies what is still in use. */
const NEW_SPACE = 4

/**
 * Lets the space for new objects grow no more, which V8 would let have 32 MiB for each thread. To be called again when a
 * thread has begun: that sets it back.
 */
export function keepNewSpace(): void {
	setFlagsFromString('--semi-space-growth-factor=1')
}

/** An index of so many rows is a long list. */
export const MANY_ROWS = 30_000

/** Both, for a run with many files: with few of them it would cost a fifth of the CPU, and save nothing. */
export function keepMemorySmall(): void {
	keepHeapSmall()
	keepNewSpace()
}

/**
 * Gives threads that begin from now on so much space for new objects, at once and for good. With half of it more of what is under
 * way is taken for what lasts; with four times as much two threads take 50 MiB more and no less CPU.
 */
export function keepThreadsSmall(): void {
	setFlagsFromString(`--min-semi-space-size=${NEW_SPACE}`)
	setFlagsFromString(`--max-semi-space-size=${NEW_SPACE}`)
}

/** How much of a function is to run before V8 of Node 20 optimizes it, in bytes of bytecode: it takes 135,168 by itself. */
const BUDGET = 1_000_000

/**
 * For runs that are over before optimized code pays: Node 20 spends a quarter of a push of 1,500 files on it, and does not with
 * this. Later nodes have a compiler between, need it no more, and know the flag by other names.
 */
export function optimizeLate(): void {
	if (process.versions.v8.startsWith('11.')) setFlagsFromString(`--interrupt-budget=${BUDGET}`)
}
