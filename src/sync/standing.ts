// How both sides stand to each other, as far as the index knows: what status tells.

import {isDirectory, type Path} from '../base/path.ts'
import type {IndexRows} from '../format/index-file.ts'
import {plan, type PlanItem} from './plan.ts'
import type {Selection} from './select.ts'

export type Standing = {
	/** What a push would send. */
	readonly toSend: readonly PlanItem[]
	/** What is gone here and still on the remote: a push with --delete would delete it. */
	readonly gone: readonly PlanItem[]
	/** What changed on both sides. */
	readonly conflicts: readonly PlanItem[]
	/** What a pull would bring and a push says nothing of. */
	readonly newer: readonly PlanItem[]
}

/** Which paths take part, and what the filters of a push and a pull let through of them. */
type Part = {
	readonly select?: ((path: Path) => boolean) | undefined
	readonly push?: Selection | undefined
	readonly pull?: Selection | undefined
}

/** Compares both sides by the index alone. */
export function standing(index: IndexRows, {select, push, pull}: Part = {}): Standing {
	const outgoing = [...plan(index, {direction: 'push', delete: true, select, selection: push})]
	const told = new Set(outgoing.map(({entry}) => entry.path))
	const incoming = [...plan(index, {direction: 'pull', delete: true, select, selection: pull})]
	return {
		toSend: outgoing.filter(({status}) => status !== 'D' && status !== 'C'),
		gone: outgoing.filter(({status}) => status === 'D'),
		conflicts: outgoing.filter(({status}) => status === 'C'),
		newer: incoming.filter(({entry}) => !told.has(entry.path)),
	}
}

/** An item, and how many of the same kind lie below it: a new directory is told once, not with all that is in it. */
export type Folded = {readonly item: PlanItem; readonly below: number}

/** Folds what lies in a directory that is an item of the same status itself. Items are in the order of their paths. */
export function folded(items: readonly PlanItem[]): Folded[] {
	const out: {item: PlanItem; below: number}[] = []
	for (const item of items) {
		const last = out.at(-1)
		const isBelow =
			last && isDirectory(last.item.entry.path) && item.entry.path.startsWith(last.item.entry.path)
		if (isBelow && isWhole(item) && last.item.status === item.status) last.below++
		else out.push({item, below: 0})
	}
	return out
}

/** Whether the status is of the whole, and so of all that is in a directory. */
const isWhole = ({status}: PlanItem): boolean => status === 'A' || status === 'D'
