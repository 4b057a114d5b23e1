// Multipart uploads that are under way, one file each in `.s3rsync/uploads`, so that a later run
// goes on where a killed one stopped.

import {createHash} from 'node:crypto'
import {existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync} from 'node:fs'
import {errnoOf} from '../base/errors.ts'
import {forFs, type Path, toBytes} from '../base/path.ts'
import {removeFile} from '../local/remove-file.ts'
import type {Stat} from '../local/stat.ts'
import {indexDirOf, join, type Place} from './find.ts'

export type UploadRecord = {
	readonly path: Path
	readonly key: string
	/** '' until the store has said it: of a run that died just then, nobody knows. */
	readonly id: string
	readonly partSize: number
	/** Whether the parts are those of a gzip stream. */
	readonly packed: boolean
	/** The file that the parts are of, as identityOf has it. */
	readonly file: string
	/** Whether somebody else began it: then it is theirs to end, and has the properties that they gave it. */
	readonly taken?: boolean | undefined
}

/** What changes when a file does: its size, mtime, ctime and inode, in one string. */
export const identityOf = ({size, mtime, ctime, ino}: Stat): string => [size, mtime, ctime, ino].join(' ')

const fileOf = (place: Place, path: Path): Path =>
	join(indexDirOf(place), `uploads/${createHash('md5').update(toBytes(path)).digest('hex')}.json`)

/** The upload that an earlier run began for this path, or undefined. */
export function readUpload(place: Place, path: Path): UploadRecord | undefined {
	try {
		const record = parse(readFileSync(forFs(fileOf(place, path)), 'utf8'))
		return record?.path === path ? record : undefined
	} catch (error) {
		if (errnoOf(error) === 'ENOENT') return undefined
		throw error
	}
}

/** Remembers an upload: that it is about to be begun, and its id before the first part is sent. */
export function writeUpload(place: Place, record: UploadRecord): void {
	const file = fileOf(place, record.path)
	mkdirSync(forFs(join(indexDirOf(place), 'uploads')), {mode: 0o700, recursive: true})
	writeFileSync(forFs(`${file}.new`), JSON.stringify(record), {mode: 0o600})
	renameSync(forFs(`${file}.new`), forFs(file))
}

/** Forgets an upload that was completed or aborted. */
export function forgetUpload(place: Place, path: Path): void {
	removeFile(fileOf(place, path))
}

/** Every upload that is remembered; files that hold none are passed over. */
export function* listUploadRecords(place: Place): Iterable<UploadRecord> {
	const dir = join(indexDirOf(place), 'uploads')
	if (!existsSync(forFs(dir))) return
	for (const name of readdirSync(forFs(dir))) {
		if (!name.endsWith('.json')) continue
		const record = parse(readFileSync(forFs(join(dir, name)), 'utf8'))
		if (record) yield record
	}
}

/** The record that a file holds, or undefined where it holds none: then the upload is one that nobody remembers. */
function parse(json: string): UploadRecord | undefined {
	try {
		const record = JSON.parse(json) as Partial<UploadRecord> | null
		return isRecord(record) ? record : undefined
	} catch {
		return undefined
	}
}

const isRecord = (record: Partial<UploadRecord> | null): record is UploadRecord =>
	record !== null &&
	[record.path, record.key, record.id, record.file].every((field) => typeof field === 'string') &&
	Number.isSafeInteger(record.partSize) &&
	Number(record.partSize) > 0 &&
	typeof record.packed === 'boolean' &&
	['undefined', 'boolean'].includes(typeof record.taken)
