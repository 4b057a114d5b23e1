// Where `.s3rsync` is: found by walking up from the current directory, as git finds `.git`.

import {existsSync, mkdirSync, writeFileSync} from 'node:fs'
import {errnoOf, fatal, reason} from '../base/errors.ts'
import {absolute, forFs, fromUnicode, type Path} from '../base/path.ts'
import {shown} from '../base/quote.ts'

export {absolute} from '../base/path.ts'

/** The absolute paths, as byte strings without a final '/', of a local side. */
export type Place = {
	/** The root of the local side. */
	readonly root: Path
	/** Its `.s3rsync`. */
	readonly dir: Path
	/** Where the index lies, with its lock, journal and uploads, if it is not that of `origin`. */
	readonly indexDir?: Path | undefined
}

/** The directory of the index, its lock, journal and uploads. */
export const indexDirOf = ({dir, indexDir}: Place): Path => indexDir ?? dir

const OWN = '.s3rsync'

/** The directory above, or undefined for '/'. */
const above = (dir: Path): Path | undefined =>
	dir === '/' ? undefined : dir.slice(0, dir.lastIndexOf('/')) || '/'

export const join = (dir: Path, name: Path): Path => (dir === '/' ? `/${name}` : `${dir}/${name}`)

const isRepository = (dir: Path): boolean => existsSync(forFs(join(dir, 'config')))

/**
 * The local side that `cwd` lies in, or undefined. $S3R_DIR names another `.s3rsync`; the root is its parent, or what
 * $S3R_ROOT names.
 */
export function findPlace(cwd: Path, env: NodeJS.ProcessEnv): Place | undefined {
	const named = env['S3R_DIR']
	if (named !== undefined && named !== '') {
		const dir = absolute(cwd, fromUnicode(named))
		if (!isRepository(dir))
			throw fatal(`no s3r repository at ${shown(dir)}`, 'unset S3R_DIR, or let it name a .s3rsync')
		const root = env['S3R_ROOT']
		return {dir, root: root ? absolute(cwd, fromUnicode(root)) : (above(dir) ?? '/')}
	}
	for (let at: Path | undefined = cwd; at !== undefined; at = above(at))
		if (isRepository(join(at, OWN))) return {root: at, dir: join(at, OWN)}
	return undefined
}

/** As findPlace, but fatal where there is none. */
export function requirePlace(cwd: Path, env: NodeJS.ProcessEnv): Place {
	const place = findPlace(cwd, env)
	if (place === undefined)
		throw fatal(
			`not in an s3r repository (no .s3rsync here or above)`,
			"make one with 's3r init <bucket>[/<prefix>]'",
		)
	return place
}

const EXCLUDE = `# Files that s3r leaves alone here, a pattern a line in the manner of .gitignore.
# A .s3rignore file does the same, and travels with the files.
`

/** Makes `.s3rsync` in `root`, or completes one that is there. */
export function createPlace(root: Path): Place {
	const place = {root, dir: join(root, OWN)}
	const exclude = join(place.dir, 'info/exclude')
	try {
		for (const dir of [place.dir, join(place.dir, 'info'), join(place.dir, 'uploads')])
			mkdirSync(forFs(dir), {mode: 0o700, recursive: true})
		if (!existsSync(forFs(exclude))) writeFileSync(forFs(exclude), EXCLUDE, {mode: 0o600})
	} catch (error) {
		const why = errnoOf(error) === 'EEXIST' ? 'not a directory' : reason(error)
		throw fatal(`cannot make ${shown(place.dir)}: ${why}`, undefined, error)
	}
	return place
}

/** The path below the root that `arg`, seen from `cwd`, means; '' for the root itself. Fatal outside it. */
export function pathBelow(place: Place, cwd: Path, arg: Path): Path {
	const path = absolute(cwd, arg)
	if (path === place.root) return ''
	const prefix = place.root === '/' ? '/' : `${place.root}/`
	if (!path.startsWith(prefix)) throw fatal(`${shown(arg)} is outside the root ${shown(place.root)}`)
	return path.slice(prefix.length)
}
