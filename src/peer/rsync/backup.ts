// Under which name what is replaced or deleted is kept (--backup).

import {isDirectory, type Path} from '../../base/path.ts'
import type {Found} from './catalogue.ts'
import {RERR, RsyncError} from './errors.ts'
import type {ServerOptions} from './server-options.ts'

/** The path of the backup of what is there, undefined where none is kept; `base` is the destination's. */
export function backupPath(found: Found, base: Path, options: ServerOptions): Path | undefined {
	const {backup, backupDir, suffix = '~', dryRun} = options
	if (!backup || dryRun || found.etag === '' || isDirectory(found.path)) return undefined
	const name = found.path.slice(base.length)
	return backupDir === undefined ? found.path + suffix : `${below(base, backupDir)}${name}${suffix}`
}

/** A directory of the remote, with its '/', that the client names as seen from the destination. */
function below(base: Path, directory: Path): Path {
	const parts = (directory.startsWith('/') ? directory : base + directory).split('/')
	const clean = parts.filter((part) => part !== '' && part !== '.')
	if (clean.includes('..'))
		throw new RsyncError(RERR.syntax, `--backup-dir=${directory} leads out of the bucket`)
	return clean.length === 0 ? '' : `${clean.join('/')}/`
}
