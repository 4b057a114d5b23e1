// How much lies in which directory, as a tree with bars.

import {bySize, type Usage} from '../algo/usage.ts'
import type {Path} from '../base/path.ts'
import {fromUnicode} from '../base/path.ts'
import {quote} from '../base/quote.ts'
import type {Palette} from './color.ts'
import {bar, humanBytes} from './human.ts'

export type TreeOptions = {
	/** Entries of each directory that are shown; the others are one line. */
	readonly top: number
	readonly hues: Palette
}

/** Cells of a bar. */
const BAR = 20

/** The lines of the tree, as byte strings. */
export function* usageLines(root: Usage, {top, hues}: TreeOptions): Iterable<Path> {
	const line = (size: number, count: number, name: Path): Path => {
		const share = root.size === 0 ? 0 : size / root.size
		const figures = `${humanBytes(size).padStart(11)} ${`${Math.round(share * 100)}%`.padStart(4)} `
		return `${figures}${fromUnicode(hues.cyan(bar(share, BAR)))} ${String(count).padStart(9)}  ${name}`
	}
	const label = (node: Usage): Path => {
		const name = quote(node.directory && node !== root ? `${node.name}/` : node.name)
		return node.directory ? hues.bold(name) : name
	}
	function* below(node: Usage, indent: string): Iterable<Path> {
		const all = bySize(node)
		const shown = all.slice(0, top)
		const others = all.slice(top)
		const size = others.reduce((sum, one) => sum + one.size, node.rest.size)
		const count = others.reduce((sum, one) => sum + one.count, node.rest.count)
		for (const [at, child] of shown.entries()) {
			const isLast = at === shown.length - 1 && count === 0
			const [here, deeper] = isLast ? ['└── ', '    '] : ['├── ', '│   ']
			yield line(child.size, child.count, fromUnicode(indent + here) + label(child))
			yield* below(child, indent + deeper)
		}
		if (count > 0 && shown.length > 0)
			yield line(size, count, fromUnicode(`${indent}└── `) + hues.dim('(others)'))
	}
	yield line(root.size, root.count, label(root))
	yield* below(root, '')
}

/** Each directory as a JSON object a line, with what is in it. */
export function* usageJson(node: Usage, path: Path, escaped: (path: Path) => string): Iterable<Path> {
	const {size, count} = node
	yield fromUnicode(JSON.stringify({path: escaped(path), size, count}))
	for (const child of bySize(node))
		if (child.directory) yield* usageJson(child, `${path === './' ? '' : path}${child.name}/`, escaped)
}
