// What V8 is told of the run that is ahead.

import {getHeapSpaceStatistics, setFlagsFromString} from 'node:v8'
import {nativeIfLoaded} from '../local/native.ts'

/**
 * Lets the heap grow by this many percent of what is in use before all of it is collected. V8 by itself waits for several
 * times as much, which with long lists is most of the memory of a process; what this costs is a tenth of the CPU.
 */
const GROWTH = 40
/** The same beside threads, which have heaps of their own. */
const GROWTH_BESIDE = 20

/** For commands that go through long lists and live on a memory budget; for the rest of the process. */
export function keepHeapSmall(growth = GROWTH): void {
	setFlagsFromString(`--heap-growing-percent=${growth}`)
}

/** MiB for new objects, half of which is for what is still in use. */
const NEW_SPACE = 4

/** Milliseconds between two looks at how much room new objects have. */
const LOOK = 20
let isKept = false

const keep = (): void => setFlagsFromString('--semi-space-growth-factor=1')

/**
 * Lets the space for new objects of this thread grow no more once it has half of that, where V8 would let it have 32 MiB. Kept at
 * the 1 MiB that it begins with, a third of the CPU of 45,000 deletions went into looking for what is not used.
 */
function keepNewSpace(): void {
	const timer = setInterval(() => {
		const space = getHeapSpaceStatistics().find(({space_name: name}) => name === 'new_space')
		if ((space?.space_size ?? 0) < NEW_SPACE * 2 ** 20) return
		isKept = true
		keep()
		clearInterval(timer)
	}, LOOK)
	timer.unref()
}

/** To be called when a thread has begun, which sets that back. */
export function keepNewSpaceStill(): void {
	if (isKept) keep()
}

/** Milliseconds between two times that malloc is asked to give back what it keeps. */
const TRIM = 1000

/** Each thread's malloc keeps 5 MiB and more of what is not used any more, where it comes and goes in pieces of all sizes. */
function trimNowAndThen(): void {
	const trim = nativeIfLoaded()?.trim
	if (trim) setInterval(trim, TRIM).unref()
}

/** So many files are what memory is to be kept small for: with fewer it would cost up to a fifth of the CPU. */
const MANY = 200_000

let isThrifty = false

/** All of these, for a run with so many files; returns whether they are many. */
export function keepMemorySmall(files: number): boolean {
	if (files < MANY || isThrifty) return isThrifty
	isThrifty = true
	// threads that begin have all of theirs from the beginning: else they would be kept at 1 MiB, too
	setFlagsFromString(`--min-semi-space-size=${NEW_SPACE}`)
	keepHeapSmall(GROWTH_BESIDE)
	keepNewSpace()
	trimNowAndThen()
	return true
}

/** How much of a function is to run before V8 of Node 20 optimizes it, in bytes of bytecode: it takes 135,168 by itself. */
const BUDGET = 700_000

/**
 * For runs that are over before optimized code pays: Node 20 spends a quarter of a push of 1,500 files on it, and does not with
 * this. Of 2,500 files with a thread a push takes a sixth less CPU, a clone a fifth. Later nodes have a compiler between, need it
 * no more, and know the flag by other names.
 */
export function optimizeLate(): void {
	if (process.versions.v8.startsWith('11.')) setFlagsFromString(`--interrupt-budget=${BUDGET}`)
}
