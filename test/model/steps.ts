// What happens in one interleaving, made of a seed: edits and commands of some clones, some of them at
// the same time.

import type {Random} from './random.ts'
import type {Edit} from './tree.ts'

export type Command = {
	readonly name: 'push' | 'pull' | 'fetch'
	readonly paths?: readonly string[]
	readonly delete?: boolean
	readonly backup?: boolean
}

export type Step = {readonly clone: number} & (
	| {readonly edit: Edit}
	| {readonly command: Command}
	/** Commands of all clones at once, and edits while they run; `seed` says who comes first. */
	| {readonly race: readonly Command[]; readonly edits: readonly Edit[]; readonly seed: number}
)

const PATHS = ['a', 'b', 'd', 'd/a', 'd/b', 'd/e', 'd/e/x', 'e', 'e/x']
/**
 * Content that several clones may write by chance: nobody's work is lost where it is the same. None is empty: where others
 * lie below it, an empty object is a directory by its listing (s3r-metadata(5), OTHER KEYS), whatever it was.
 */
const COMMON = ['same', 'again', 'a', 'b']

export type Plan = {readonly clones: number; readonly steps: readonly Step[]; readonly coarse: boolean}

/** The steps of an interleaving. */
export function generate(random: Random): Plan {
	const clones = random.chance(0.25) ? 3 : 2
	let number = 0
	const content = () => (random.chance(0.15) ? random.pick(COMMON) : `content ${(number += 1)}`)
	const edit = (): Edit => editOf(random, content)
	const steps: Step[] = []
	for (let i = 0, n = 1 + random.below(3); i < n; i++) steps.push({clone: 0, edit: edit()})
	for (let i = 0, n = 4 + random.below(10); i < n; i++) {
		const clone = random.below(clones)
		const kind = random.next()
		if (kind < 0.5) steps.push({clone, edit: edit()})
		else if (kind < 0.9) steps.push({clone, command: commandOf(random)})
		else
			steps.push({
				clone,
				race: Array.from({length: clones}, () => commandOf(random)),
				edits: Array.from({length: random.below(3)}, edit),
				seed: random.below(2 ** 31),
			})
	}
	return {clones, steps, coarse: steps.some((step) => 'race' in step) || random.chance(0.2)}
}

function editOf(random: Random, content: () => string): Edit {
	const path = random.pick(PATHS)
	const kind = random.next()
	if (kind < 0.45) return {do: 'write', path, content: content()}
	if (kind < 0.53) return {do: 'touch', path, time: 1_000_000_000 + random.below(1000)}
	if (kind < 0.6) return {do: 'chmod', path, mode: random.pick([0o644, 0o600, 0o755, 0o444])}
	if (kind < 0.72) return {do: 'delete', path}
	if (kind < 0.84) return {do: 'rename', path, to: random.pick(PATHS)}
	if (kind < 0.9) return {do: 'symlink', path, content: random.chance(0.3) ? 'same' : content() || 'x'}
	if (kind < 0.92) return {do: 'hardlink', path, to: random.pick(PATHS)}
	return {do: 'mkdir', path}
}

function commandOf(random: Random): Command {
	const kind = random.next()
	const paths = random.chance(0.2) ? {paths: [random.pick(PATHS)]} : {}
	if (kind < 0.45) return {name: 'push', ...paths, delete: random.chance(0.4)}
	if (kind < 0.9) return {name: 'pull', ...paths, delete: random.chance(0.4), backup: random.chance(0.25)}
	return {name: 'fetch'}
}
