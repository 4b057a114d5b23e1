// A tree that becomes another five times, and what it is at each moment.

import * as fs from 'node:fs'
import {join} from 'node:path'

/** What lies below a directory: a line for each with its type, mode, time, and content or target. */
export function treeOf(root: string, below = ''): string[] {
	return fs
		.readdirSync(join(root, below))
		.filter((name) => name !== '.s3rsync')
		.toSorted()
		.flatMap((name) => {
			const path = below + name
			const stat = fs.lstatSync(join(root, path), {bigint: true})
			const line = `${path} ${stat.mode.toString(8)} ${stat.mtimeNs}`
			if (stat.isDirectory()) return [line, ...treeOf(root, `${path}/`)]
			return stat.isSymbolicLink()
				? `${line} -> ${fs.readlinkSync(join(root, path))}`
				: `${line} ${fs.readFileSync(join(root, path), 'utf8')}`
		})
}

/** Writes a file with an old time. */
export const write = (root: string, path: string, text: string, mode = 0o644): void => {
	fs.mkdirSync(join(root, path, '..'), {recursive: true})
	fs.writeFileSync(join(root, path), text)
	fs.chmodSync(join(root, path), mode)
	fs.lutimesSync(join(root, path), 1_700_000_000, 1_700_000_000)
}

/** What becomes of a tree; each state differs from the one before in a way of its own. */
export const CHANGES: readonly ((root: string) => void)[] = [
	(root) => {
		write(root, 'a', 'one')
		write(root, 'd/deep/b', 'bee')
		write(root, 'd/c', 'sea', 0o600)
		fs.symlinkSync('d/c', join(root, 'link'))
	},
	// other content, another mode alone, one more
	(root) => {
		write(root, 'a', 'two')
		fs.chmodSync(join(root, 'd/c'), 0o755)
		write(root, 'e', 'new')
	},
	// gone, renamed, and a file where a directory was
	(root) => {
		fs.rmSync(join(root, 'link'))
		fs.renameSync(join(root, 'd/c'), join(root, 'renamed'))
		fs.rmSync(join(root, 'd'), {recursive: true})
		write(root, 'd', 'a file now')
	},
	// back to a content and a mode that were there before, and what was deleted is there again
	(root) => {
		write(root, 'a', 'one')
		write(root, 'renamed', 'sea', 0o600)
		fs.rmSync(join(root, 'd'))
		write(root, 'd/deep/b', 'bee')
	},
	// all of it but one
	(root) => {
		for (const name of ['a', 'd', 'e']) fs.rmSync(join(root, name), {recursive: true})
	},
]
