// Generated file trees, for comparing what s3r says of them with what another program says.

import {createHash} from 'node:crypto'
import {
	lstatSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	readlinkSync,
	rmSync,
	writeFileSync,
} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import * as fc from './properties.ts'

/** Paths of a tree, directories with a final '/', parents before what is in them. */
export type Tree = readonly string[]

const name = fc.oneof(
	fc.constantFrom(
		'a',
		'b',
		'ab',
		'ba',
		'foo',
		'bar',
		'a.o',
		'b.c',
		'foo.o',
		'.a',
		'x y',
		'[a]',
		'a*',
		'b\\',
		'!a',
		'#a',
	),
	fc
		.string({unit: fc.constantFrom('a', 'b', '.', '-'), minLength: 1, maxLength: 3})
		.filter((s) => !/^\.*$/.test(s)),
)

/** A tree of so many files up to four levels deep. */
export const treeOf = (minLength: number, maxLength: number): fc.Arbitrary<Tree> =>
	fc.array(fc.array(name, {minLength: 1, maxLength: 4}), {minLength, maxLength}).map((files) => {
		const paths = new Set<string>()
		for (const parts of files) {
			for (let n = 1; n < parts.length; n += 1) paths.add(`${parts.slice(0, n).join('/')}/`)
			const path = parts.join('/')
			if (!paths.has(`${path}/`)) paths.add(path)
		}
		return [...paths].filter((path) => path.endsWith('/') || !paths.has(`${path}/`)).toSorted()
	})

/** A tree of some fifty paths. */
export const tree = treeOf(15, 45)

/** Makes the tree in a new temporary directory, calls `use` with it, and removes it. */
export function withTree<T>(paths: Tree, use: (root: string) => T): T {
	const root = mkdtempSync(join(tmpdir(), 's3r-tree-'))
	try {
		for (const path of paths) {
			if (path.endsWith('/')) mkdirSync(join(root, path), {recursive: true})
			else writeFileSync(join(root, path), '')
		}
		return use(root)
	} finally {
		rmSync(root, {recursive: true})
	}
}

/** The paths that are left when those that `excluded` says yes to go, with all that lies below them. */
export function prune(paths: Tree, excluded: (path: string) => boolean): string[] {
	const gone: string[] = []
	return paths.filter((path) => {
		if (gone.some((directory) => path.startsWith(directory))) return false
		const out = excluded(path)
		if (out && path.endsWith('/')) gone.push(path)
		return !out
	})
}

/** What lies below `root`, but for .s3rsync: all that a push and a pull with -aH preserve, by path. */
export function snapshot(root: string): Record<string, string> {
	const found: Record<string, string> = {}
	const first = new Map<bigint, string>()
	const look = (path: string): void => {
		const place = Buffer.from(`${root}/${path}`, 'latin1')
		const stat = lstatSync(place, {bigint: true})
		const holds = stat.isFile()
			? createHash('md5').update(readFileSync(place)).digest('hex')
			: stat.isSymbolicLink()
				? readlinkSync(place, 'latin1')
				: ''
		const link = stat.nlink > 1n && !stat.isDirectory() ? ` = ${first.get(stat.ino) ?? path}` : ''
		first.set(stat.ino, first.get(stat.ino) ?? path)
		found[path] = `${stat.mode.toString(8)} ${stat.uid}:${stat.gid} ${stat.mtimeNs} ${holds}${link}`
		if (!stat.isDirectory()) return
		const names = readdirSync(place, 'latin1').filter((child) => path !== '' || child !== '.s3rsync')
		for (const child of names.toSorted()) look(path === '' ? child : `${path}/${child}`)
	}
	look('')
	return found
}
