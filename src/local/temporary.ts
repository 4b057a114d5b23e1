// Names of temporary files, which lie beside the file that they will become:
//
//	.<name>.s3r-<host>-<pid>-<start>-<random>
//
// `host`, `pid` and `start` say whose they are, so that a later run on the same host can tell those of
// a process that was killed. Those of other hosts are left alone.

import {randomBytes} from 'node:crypto'
import {readdirSync} from 'node:fs'
import {forFs, NAME_LIMIT, type Path} from '../base/path.ts'
import {type Identity, isDead, self} from './identity.ts'
import {removeFile} from './remove-file.ts'

const PATTERN = /^\..*\.s3r-([0-9a-f]{8})-(\d+)-(\d*)-[0-9a-f]{8}$/s

/** A name beside `file` that no other file has. */
export function temporaryName(file: Path): Path {
	const slash = file.lastIndexOf('/') + 1
	const {host, pid, start} = self()
	const suffix = `.s3r-${host}-${pid}-${start}-${randomBytes(4).toString('hex')}`
	const name = file.slice(slash, slash + NAME_LIMIT - suffix.length - 1)
	return `${file.slice(0, slash)}.${name}${suffix}`
}

function ownerOf(name: Path): Identity | undefined {
	const match = PATTERN.exec(name)
	return match ? {host: match[1] ?? '', pid: Number(match[2]), start: match[3] ?? ''} : undefined
}

/** Whether this name is of one of s3r's temporary files, of whatever process. */
export const isTemporary = (name: Path): boolean => ownerOf(name) !== undefined

/** Whether this name is of a temporary file whose process is known to be dead. */
export function isAbandoned(name: Path): boolean {
	const owner = ownerOf(name)
	return owner !== undefined && isDead(owner)
}

/** Removes what killed processes left in `directory` (a byte string), and returns how many files that were. */
export function removeAbandoned(directory: Path): number {
	const names = readdirSync(forFs(directory), 'latin1').filter(isAbandoned)
	for (const name of names) removeFile(`${directory}/${name}`)
	return names.length
}
