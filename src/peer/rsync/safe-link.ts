// --safe-links: links that lead out of what is transferred.

import type {Path} from '../../base/path.ts'

/** Whether a link at `path` leads to an absolute place, above the root of the transfer, or up again after it went down. */
export function isUnsafeLink(target: Path, path: Path): boolean {
	if (target === '' || target.startsWith('/')) return true
	if (/[^./]\/+\.\.(\/|$)/.test(target)) return true
	let depth = path.split('/').filter((part) => part !== '' && part !== '.').length - 1
	for (const part of target.split('/')) {
		if (part === '..') depth--
		else if (part !== '' && part !== '.') depth++
		if (depth < 0) return true
	}
	return false
}
