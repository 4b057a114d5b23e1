// One input given to one target, and what is wrong with how it was taken.

import {isMeant, type Target} from './targets.ts'

/** Milliseconds that no input may take, of at most 4 KiB. */
const LIMIT = 1000

/** How often an input is tried that took too long: another process may have had the processor. */
const TRIES = 3

/** What is wrong, or undefined: another error than those meant for users, or too much time. */
export async function failure(target: Target, input: Buffer, tries = TRIES): Promise<string | undefined> {
	const began = performance.now()
	try {
		const running = target.run(input)
		if (running) await running
	} catch (error) {
		if (!isMeant(error)) return error instanceof Error ? (error.stack ?? error.message) : String(error)
	}
	const took = performance.now() - began
	if (took <= LIMIT) return undefined
	return tries > 1 ? failure(target, input, tries - 1) : `it took ${Math.round(took)} ms`
}

/** The input without what is not needed for the failure. */
export async function shrunk(target: Target, input: Buffer): Promise<Buffer> {
	let smallest = input
	for (let size = smallest.length >>> 1; size > 0; size >>>= 1)
		for (let at = 0; at + size <= smallest.length;) {
			const smaller = Buffer.concat([smallest.subarray(0, at), smallest.subarray(at + size)])
			if ((await failure(target, smaller)) === undefined) at += size
			else smallest = smaller
		}
	return smallest
}
