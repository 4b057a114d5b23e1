// --format: a text with %(fields), as in git's for-each-ref. See s3r-records(5), FORMAT.

import {usage} from '../base/errors.ts'
import {fromUnicode, type Path} from '../base/path.ts'
import {quote, shown} from '../base/quote.ts'
import {typeOf} from './mode.ts'
import {type FileRecord, formatMode, formatTime, type Status} from './record.ts'

/** A record with all else that a command knows of the item. */
export type Item = {
	readonly record: FileRecord
	readonly status?: Status | undefined
	/** The MD5 of the content, also where the record's digest is an ETag. */
	readonly md5?: string | undefined
	/** The ETag, also where the record's digest is an MD5. */
	readonly etag?: string | undefined
	readonly storageClass?: string | undefined
	readonly version?: string | undefined
	/** Of a version: whether it is what the key shows, and whether it is a delete marker. */
	readonly latest?: boolean | undefined
	readonly deleted?: boolean | undefined
	/** The store's last-modified, milliseconds since the epoch. */
	readonly modified?: number | undefined
	readonly uid?: number | undefined
	readonly gid?: number | undefined
	readonly uname?: string | undefined
	readonly gname?: string | undefined
}

type Field = (item: Item) => string | number | boolean | undefined

const digestOf = (item: Item, kind: 'md5' | 'etag'): string | undefined =>
	item.record.digest?.startsWith(`${kind}:`) ? item.record.digest.slice(kind.length + 1) : undefined

/** The fields and what they show, in Unicode; undefined where it is not known. The path is not among them. */
export const FIELDS = {
	status: ({status}) => status,
	type: ({record}) => (record.mode === undefined ? undefined : typeOf(record.mode)),
	mode: ({record}) => (record.mode === undefined ? undefined : formatMode(record.mode)),
	size: ({record}) => record.size,
	mtime: ({record}) => (record.mtime === undefined ? undefined : formatTime(record.mtime)),
	digest: ({record}) => record.digest,
	md5: (item) => item.md5 ?? digestOf(item, 'md5'),
	etag: (item) => item.etag ?? digestOf(item, 'etag'),
	uid: ({uid}) => uid,
	gid: ({gid}) => gid,
	uname: ({uname}) => uname,
	gname: ({gname}) => gname,
	modified: ({modified}) => (modified === undefined ? undefined : new Date(modified).toISOString()),
	'storage-class': ({storageClass}) => storageClass,
	version: ({version}) => version,
	latest: ({latest}) => latest,
	deleted: ({deleted}) => deleted,
} as const satisfies Record<string, Field>

const isField = (name: string): name is keyof typeof FIELDS => Object.hasOwn(FIELDS, name)

/**
 * Reads a template (a byte string): `%(field)`, `%%`, and `%xx` for the byte with this hexadecimal number; all
 * else stands for itself. The function that it returns shows an item, as a byte string; what is not known of
 * it is empty; with `nul` its path is not quoted. A usage error names the fields if one does not exist.
 */
export function parseTemplate(template: Path, nul: boolean): (item: Item) => Path {
	const parts = template
		.split(/(%\([^)]*\)?|%%|%[0-9A-Fa-f]{2})/)
		.map((text, i) => (i % 2 === 0 ? () => text : readEscape(text, nul)))
	return (item) => parts.map((show) => show(item)).join('')
}

function readEscape(text: string, nul: boolean): (item: Item) => Path {
	if (text === '%%') return () => '%'
	if (!text.startsWith('%(')) return () => String.fromCharCode(parseInt(text.slice(1), 16))
	const name = text.slice(2, -1)
	if (text.endsWith(')') && name === 'path') return ({record}) => (nul ? record.path : quote(record.path))
	if (!text.endsWith(')') || !isField(name))
		throw usage(`${shown(text)} is not a field`, `one of ${['path', ...Object.keys(FIELDS)].join(', ')}`)
	return (item) => fromUnicode(String(FIELDS[name](item) ?? ''))
}
