// Inputs for a target: its samples with some of their bytes changed, and bytes out of nothing.

import type {Random} from '../model/random.ts'
import type {Target} from './targets.ts'

const LONGEST = 4096

/** A random input for a target. */
export function inputFor({samples, words}: Target, random: Random): Buffer {
	if (samples.length === 0 || random.chance(0.1)) return noise(random, words)
	let bytes = random.pick(samples)
	for (let n = 1 + random.below(4); n > 0; n--) bytes = mutated(bytes, random, samples, words)
	return bytes.subarray(0, LONGEST)
}

function noise(random: Random, words: readonly string[]): Buffer {
	const pieces = Array.from({length: random.below(12)}, () =>
		random.chance(0.6) ? Buffer.from(random.pick(words), 'latin1') : byte(random),
	)
	return Buffer.concat(pieces)
}

const byte = (random: Random): Buffer =>
	Buffer.from([random.chance(0.5) ? random.below(256) : 0x20 + random.below(0x5f)])

function mutated(
	bytes: Buffer,
	random: Random,
	samples: readonly Buffer[],
	words: readonly string[],
): Buffer {
	const at = random.below(bytes.length + 1)
	const to = at + random.below(1 + Math.min(16, bytes.length - at))
	const [before, cut, after] = [bytes.subarray(0, at), bytes.subarray(at, to), bytes.subarray(to)]
	const kind = random.next()
	if (kind < 0.2) return Buffer.concat([before, byte(random), bytes.subarray(at + 1)])
	if (kind < 0.3) return Buffer.concat([before, after])
	if (kind < 0.6) return Buffer.concat([before, Buffer.from(random.pick(words), 'latin1'), after])
	if (kind < 0.75) return Buffer.concat([before, repeated(cut, random), after])
	if (kind < 0.85) return before
	const other = random.pick(samples)
	return Buffer.concat([before, other.subarray(random.below(other.length + 1))])
}

function repeated(piece: Buffer, random: Random): Buffer {
	const times = random.chance(0.2) ? 200 : 2 + random.below(6)
	return Buffer.concat(Array.from({length: times}, () => piece))
}
