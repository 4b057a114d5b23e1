// Interleavings that lost something once, or would without one of the guards, made as short as they go.

import type {Command, Plan, Step} from './steps.ts'
import type {Edit} from './tree.ts'

const PUSH: Command = {name: 'push', delete: true}
const PULL: Command = {name: 'pull', delete: true}

const edit = (clone: number, what: Edit): Step => ({clone, edit: what})
const write = (clone: number, path: string, content: string): Step =>
	edit(clone, {do: 'write', path, content})
const run = (clone: number, command: Command): Step => ({clone, command})

const plan = (...steps: readonly Step[]): Plan => ({clones: 2, coarse: false, steps})

/** Both clones with the same file `a`. */
const SHARED = [write(0, 'a', 'one'), run(0, PUSH), run(1, PULL)]

/** Plans by what they are about. */
export const FOUND: Readonly<Record<string, readonly Plan[]>> = {
	'a file and a directory of one name': [
		plan(edit(0, {do: 'mkdir', path: 'd/b'}), write(1, 'd', 'two')),
		plan(write(0, 'e', 'one'), write(1, 'e/x', 'two')),
		plan(write(0, 'd/e/x', 'one'), run(0, PUSH), write(1, 'd', 'two'), run(1, {name: 'fetch'}), run(1, PUSH)),
		plan(
			...SHARED,
			edit(0, {do: 'delete', path: 'a'}),
			write(0, 'a/b', 'two'),
			run(0, {name: 'push'}),
			run(1, PULL),
		),
		plan(
			write(0, 'd/x', 'one'),
			run(0, PUSH),
			write(1, 'd', 'two'),
			run(1, PUSH),
			run(0, {name: 'pull', backup: true}),
		),
	],
	'a backup in the place of another': [
		plan(
			write(0, 'e', 'one'),
			run(0, PUSH),
			write(0, 'e', 'two'),
			write(1, 'e', 'three'),
			run(1, {name: 'pull', backup: true}),
			run(0, PUSH),
			write(1, 'e', 'four'),
			run(1, {name: 'pull', backup: true}),
		),
	],
	'hard links made and undone': [
		plan(write(1, 'e', 'one'), run(1, PUSH), edit(1, {do: 'hardlink', path: 'e', to: 'a'})),
	],
	'the same bytes as a link and as a file': [
		plan(edit(0, {do: 'symlink', path: 'b', content: 'same'}), write(1, 'b', 'same')),
		plan(
			write(0, 'b', 'same'),
			run(0, PUSH),
			edit(1, {do: 'symlink', path: 'b', content: 'same'}),
			run(1, PUSH),
		),
		plan(
			write(0, 'b', 'same'),
			run(0, PUSH),
			edit(1, {do: 'symlink', path: 'b', content: 'same'}),
			run(1, {name: 'fetch'}),
			run(1, PUSH),
		),
	],
	'a new object in the place of one that a rival made': [
		plan(write(0, 'a', 'one'), run(0, PUSH), write(1, 'a', 'two'), run(1, PUSH)),
	],
	'an object that a rival replaced, replaced': [
		plan(...SHARED, write(0, 'a', 'two'), run(0, PUSH), write(1, 'a', 'three'), run(1, PUSH)),
	],
	'an object that a rival replaced, deleted': [
		plan(...SHARED, write(0, 'a', 'two'), run(0, PUSH), edit(1, {do: 'delete', path: 'a'}), run(1, PUSH)),
	],
	'a file that was edited while a pull brought another': Array.from({length: 30}, (_, seed) =>
		plan(...SHARED, write(0, 'a', 'two'), run(0, PUSH), {
			clone: 1,
			race: [{name: 'fetch'}, PULL],
			edits: [{do: 'write', path: 'a', content: 'three'}],
			seed,
		}),
	),
	'a file that was edited while a pull was about to delete it': Array.from({length: 30}, (_, seed) =>
		plan(...SHARED, write(0, 'b', 'two'), edit(0, {do: 'delete', path: 'a'}), run(0, PUSH), {
			clone: 1,
			race: [{name: 'fetch'}, PULL],
			edits: [{do: 'write', path: 'a', content: 'three'}],
			seed,
		}),
	),
}
