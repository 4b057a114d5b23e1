// How much lies in which directory: paths and sizes, in any order, as a tree of bounded size.

import {type Path, ROOT} from '../base/path.ts'

export type Usage = {
	readonly name: Path
	/** Bytes of all that is in it. */
	size: number
	/** Files or objects, itself among them. */
	count: number
	directory: boolean
	readonly children: Map<Path, Usage>
	/** What is in it without a node of its own. */
	readonly rest: {size: number; count: number}
}

export type UsageOptions = {
	/** Levels below the root that have nodes. */
	readonly depth?: number | undefined
	/** Nodes in all; what comes when there are so many is counted where it lies. */
	readonly nodes?: number | undefined
}

const NODES = 100_000

const nodeOf = (name: Path): Usage => ({
	name,
	size: 0,
	count: 0,
	directory: false,
	children: new Map(),
	rest: {size: 0, count: 0},
})

export class UsageTree {
	readonly root: Usage = {...nodeOf(ROOT), directory: true}
	readonly #depth: number
	#left: number

	constructor({depth = Infinity, nodes = NODES}: UsageOptions = {}) {
		this.#depth = depth
		this.#left = nodes
	}

	/** Counts a file of so many bytes, with all directories that it lies in. */
	add(path: Path, size: number): void {
		let node = this.root
		node.size += size
		node.count++
		if (path === ROOT) return
		const parts = path.split('/')
		const isDirectory = parts.at(-1) === ''
		if (isDirectory) parts.pop()
		for (const [level, part] of parts.entries()) {
			const child = level < this.#depth ? this.#child(node, part) : undefined
			if (child === undefined) {
				node.rest.size += size
				node.rest.count++
				return
			}
			child.size += size
			child.count++
			child.directory ||= isDirectory || level < parts.length - 1
			node = child
		}
	}

	#child(node: Usage, name: Path): Usage | undefined {
		const known = node.children.get(name)
		if (known !== undefined || this.#left === 0) return known
		this.#left--
		const child = nodeOf(name)
		node.children.set(name, child)
		return child
	}
}

/** The children of a node, the largest first. */
export const bySize = ({children}: Usage): Usage[] =>
	[...children.values()].toSorted(
		(a, b) => b.size - a.size || b.count - a.count || (a.name < b.name ? -1 : 1),
	)
