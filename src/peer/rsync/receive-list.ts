// The list of a client that uploads.

import {ROOT} from '../../base/path.ts'
import type {Cursor} from './cursor.ts'
import {RERR, RsyncError} from './errors.ts'
import {FileList} from './flist.ts'
import type {FlistEntry} from './flist-entry.ts'
import {FlistDecoder, isOwn, type ListEnd} from './flist-decoder.ts'
import {formOf} from './form.ts'
import {readNames} from './id-names.ts'
import type {Line} from './line.ts'

/** Entries that are taken: as many as a bucket is ever listed with. */
const COUNT_LIMIT = 2 ** 26

export type Received = {
	readonly files: FileList
	readonly users: ReadonlyMap<number, string>
	readonly groups: ReadonlyMap<number, string>
	/** Whether what belongs to s3r itself was in it, and is left out. */
	readonly hadOwn: boolean
}

export async function receiveList(line: Line, sumLength: number): Promise<Received> {
	const {input, protocol, options, agreed} = line
	const files = new FileList()
	const decoder = new FlistDecoder(formOf(line, sumLength))
	const entryAt = (row: number) => (row >= 0 && row < files.count ? files.entry(row) : undefined)
	const parse = (cursor: Cursor): FlistEntry | ListEnd => decoder.read(cursor, entryAt)
	const own: number[] = []
	for (;;) {
		const read = input.read(parse)
		const entry = read instanceof Promise ? await read : read
		if ('ioError' in entry) {
			line.ioError |= entry.ioError
			break
		}
		const row = files.add(entry)
		if (entry.path !== ROOT && isOwn(entry.path)) own.push(row)
		if (files.count > COUNT_LIMIT) throw new RsyncError(RERR.protocol, `more than ${COUNT_LIMIT} files`)
	}
	const hasNames = !options.numericIds
	const names = (wanted: boolean) =>
		hasNames && (wanted || options.acls)
			? input.read((cursor) => readNames(cursor, protocol, agreed.idZeroNames))
			: new Map<number, string>()
	const users = await names(options.owner)
	const groups = await names(options.group)
	if (protocol < 30) line.ioError |= await input.read((cursor) => cursor.int())
	for (const row of own) files.drop(row)
	return {files, users, groups, hadOwn: own.length > 0}
}
