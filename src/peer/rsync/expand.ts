// Wildcards of a client's arguments: they are its server's to expand.

import {type Path, ROOT, withoutSlash} from '../../base/path.ts'
import {wildcardSource} from '../../format/pattern.ts'
import type {Catalogue} from './catalogue.ts'
import type {Word} from './words.ts'

/** The paths that a pattern matches; the pattern itself where there is none. */
export async function expand(catalogue: Catalogue, {text, pattern = text}: Word): Promise<Path[]> {
	const parts = pattern.replace(/^(\.?\/)+/, '').split('/')
	const isContent = parts.at(-1) === ''
	if (isContent) parts.pop()
	let level: Path[] = ['']
	for (const part of parts) {
		if (!/[*?[]/.test(part)) {
			level = level.map((path) => `${path}${part.replace(/\\(.)/gs, '$1')}/`)
			continue
		}
		const source = wildcardSource(part, 'rsync')
		const form = source === undefined ? undefined : new RegExp(`^${source}$`)
		const next: Path[] = []
		for (const directory of level)
			for await (const page of catalogue.listOne(directory))
				for (const {path} of page) {
					const name = withoutSlash(path.slice(directory.length))
					const isHidden = name.startsWith('.') && !part.startsWith('.')
					if (path !== directory && path !== ROOT && !isHidden && form?.test(name))
						next.push(`${directory}${name}/`)
				}
		level = next.toSorted()
	}
	const found = level.map((path) => (isContent ? path : withoutSlash(path)))
	return found.length > 0 ? found : [text]
}
