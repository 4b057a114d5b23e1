// What push and pull do with the items of a plan, as rsync's options say it.

import {usage} from '../base/errors.ts'
import {shown} from '../base/quote.ts'
import type {Path} from '../base/path.ts'
import {parseSize} from '../format/size.ts'
import type {Remote} from '../format/remote.ts'
import {lstatExact} from '../local/stat.ts'
import {absolute, type Place} from '../repo/find.ts'
import type {Backup} from '../sync/backup.ts'
import {type Compare, withDirectories, withPrefixes} from '../sync/compare-dest.ts'
import type {Narrow, Sizes} from '../sync/narrow.ts'
import {LocalFiles} from '../sync/local-files.ts'
import type {Flags, Values} from './command.ts'
import {exclusive} from './exclusive.ts'
import {unicode} from './work.ts'

export const deleteFlags = {
	delete: {type: 'boolean', help: 'delete on the other side too what is gone here'},
	'delete-before': {type: 'boolean', help: 'the same, before all else is done'},
	'delete-during': {type: 'boolean', help: 'the same as --delete'},
	'delete-delay': {type: 'boolean', help: 'the same as --delete'},
	'delete-after': {type: 'boolean', help: 'the same as --delete, which is done when all else is'},
	'delete-excluded': {type: 'boolean', help: 'delete what the filters leave out, too'},
	'max-delete': {type: 'string', arg: 'n', help: 'delete nothing if it would be more than this many'},
	force: {type: 'boolean', help: 'let this side win every conflict'},
} as const satisfies Flags

export const sizeFlags = {
	'min-size': {type: 'string', arg: 'size', help: 'leave out files that are smaller'},
	'max-size': {type: 'string', arg: 'size', help: 'leave out files that are larger'},
} as const satisfies Flags

/** What can be left out of a plan without a question to anybody. */
export const planFlags = {
	existing: {type: 'boolean', help: 'make nothing new on the other side'},
	'ignore-existing': {type: 'boolean', help: 'leave files alone that are there on the other side'},
	'size-only': {type: 'boolean', help: 'take files of one size for the same'},
	...sizeFlags,
} as const satisfies Flags

export const rateFlags = {
	bwlimit: {type: 'string', arg: 'rate', help: 'move at most this many KiB a second'},
} as const satisfies Flags

export const narrowFlags = {
	update: {type: 'boolean', short: 'u', help: 'leave files alone that are newer on the other side'},
	...planFlags,
	'compare-dest': {
		type: 'string',
		arg: 'directory',
		multiple: true,
		help: 'leave out files whose content is there already',
	},
	...rateFlags,
} as const satisfies Flags

/** What becomes of files that are replaced or deleted. */
export const backupFlags = {
	backup: {type: 'boolean', short: 'b', help: 'keep what is replaced, with a suffix to its name'},
	'backup-dir': {type: 'string', arg: 'directory', help: 'keep it in this directory below the root'},
	suffix: {type: 'string', arg: 'suffix', help: "the suffix of a backup, '~' by default"},
} as const satisfies Flags

const WHEN = ['delete-before', 'delete-during', 'delete-delay', 'delete-after'] as const

/** What is deleted, and when. */
export function deletesOf(flags: Values<typeof deleteFlags>): {delete: boolean; deleteBefore: boolean} {
	exclusive(flags, ...WHEN)
	const isAsked = ['delete', 'delete-excluded', ...WHEN].some((name) => flags[name as 'delete'])
	return {delete: isAsked, deleteBefore: flags['delete-before'] ?? false}
}

/** What is left out of the plan of a push or a pull. */
export function narrowOf(
	flags: Values<typeof narrowFlags> & {readonly checksum?: boolean},
): Narrow & {readonly update: boolean | undefined} {
	exclusive(flags, 'checksum', 'size-only')
	return {update: flags.update, ...leftOutOf(flags)}
}

export const leftOutOf = (flags: Values<typeof planFlags>): Narrow => ({
	existing: flags.existing,
	ignoreExisting: flags['ignore-existing'],
	sizeOnly: flags['size-only'],
	sizes: sizesOf(flags),
})

/** The least and the greatest size; undefined where no size is left out. */
export function sizesOf(flags: Values<typeof sizeFlags>): Sizes | undefined {
	const min = sizeOf('min-size', flags['min-size'])
	const max = sizeOf('max-size', flags['max-size'])
	if (min !== undefined && max !== undefined && min > max)
		throw usage(`--min-size=${flags['min-size']} is more than --max-size=${flags['max-size']}`)
	return min === undefined && max === undefined ? undefined : {min, max}
}

/** rsync takes no rate below this, and 0 for none. */
const LEAST_RATE = 512

/** Bytes a second; undefined for no limit. */
export function bwlimitOf(flags: Values<typeof rateFlags>): number | undefined {
	const rate = sizeOf('bwlimit', flags.bwlimit, 'K')
	if (rate !== undefined && rate !== 0 && rate < LEAST_RATE)
		throw usage(`--bwlimit=${flags.bwlimit} is less than ${LEAST_RATE} bytes a second`)
	return rate === 0 ? undefined : rate
}

/** The bytes that the value of an option says. */
export function sizeOf(name: string, value: string | undefined, unit?: 'K'): number | undefined {
	if (value === undefined) return undefined
	const size = parseSize(value, unit)
	if (size === undefined)
		throw usage(`--${name} takes a size, not ${shown(value)}`, "such as '100', '1.5M' or '2GB'")
	return size
}

/** What a pull compares with: directories as seen from the root. */
export function directoriesOf({root}: Place, flags: Values<typeof narrowFlags>): Compare | undefined {
	const named = flags['compare-dest']
	return named && withDirectories(named.map((name) => new LocalFiles(existing(absolute(root, name)), {})))
}

/** What a push compares with: prefixes of the bucket as seen from that of the remote. */
export function prefixesOf({prefix}: Remote, flags: Values<typeof narrowFlags>): Compare | undefined {
	const named = flags['compare-dest']
	return named && withPrefixes(named.map((name) => `${absolute(`/${prefix}`, unicode(name)).slice(1)}/`))
}

function existing(directory: Path): Path {
	if (lstatExact(directory) === undefined) throw usage(`--compare-dest: there is no ${shown(directory)}`)
	return directory
}

/** Where backups go; undefined for none. */
export function backupOf(flags: Values<typeof backupFlags>): Backup | undefined {
	const {'backup-dir': dir, suffix} = flags
	if (!flags.backup && dir === undefined) return undefined
	if (suffix?.includes('/')) throw usage(`--suffix cannot hold a '/': ${shown(suffix)}`)
	if (suffix === '' && dir === undefined) throw usage('--suffix cannot be empty without --backup-dir')
	return {dir: dir === undefined ? '' : directoryBelow(dir), suffix: suffix ?? (dir === undefined ? '~' : '')}
}

/** A directory below the root, with its final '/'. */
function directoryBelow(name: string): Path {
	const parts = name.split('/').filter((part) => part !== '' && part !== '.')
	if (name.startsWith('/') || parts.includes('..') || parts.length === 0)
		throw usage(`--backup-dir must lie below the root, which ${shown(name)} does not`)
	return `${parts.join('/')}/`
}
