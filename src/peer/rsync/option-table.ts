// Each option that a client may send, and what it does to the value. Options that have no effect on objects
// say why; those that would need what S3 has not are refused, with what to use instead.

import {shown} from '../../base/quote.ts'
import {RERR, RsyncError} from './errors.ts'
import type {DeleteMode, ServerOptions} from './server-options.ts'

/** `name` is how the client wrote it, for messages. */
type Flag = {readonly value?: undefined; set(options: ServerOptions, name: string): void}
type Valued = {value(options: ServerOptions, value: string, name: string): void}
type Option = Flag | Valued

type Keys<T> = {[K in keyof ServerOptions]: ServerOptions[K] extends T ? K : never}[keyof ServerOptions]
type Optional<T> = {
	[K in keyof ServerOptions]: [ServerOptions[K], T | undefined] extends [T | undefined, ServerOptions[K]]
		? K
		: never
}[keyof ServerOptions]

const on = (key: Keys<boolean>): Flag => ({set: (o) => void (o[key] = true)})
const off = (key: Keys<boolean>): Flag => ({set: (o) => void (o[key] = false)})
const both = (...flags: Flag[]): Flag => ({set: (o, name) => flags.forEach((f) => f.set(o, name))})
const count = (key: Keys<number>): Flag => ({set: (o) => void (o[key] += 1)})
const zero = (key: Keys<number>): Flag => ({set: (o) => void (o[key] = 0)})
const mode = (deleteMode: DeleteMode): Flag => ({set: (o) => void (o.deleteMode = deleteMode)})
const text = (key: Optional<string>): Valued => ({value: (o, value) => void (o[key] = value)})
const list = (
	key: Keys<string[]> & ('info' | 'debug' | 'compareDest' | 'copyDest' | 'linkDest'),
): Valued => ({
	value: (o, value) => void o[key].push(value),
})
const number = (key: Keys<number> | Optional<number>, least = 0, most = 2 ** 31 - 1): Valued => ({
	value: (o, value, name) => void (o[key] = integer(value, name, least, most)),
})

function integer(value: string, name: string, least: number, most: number): number {
	const n = Number(value)
	if (/^-?\d{1,16}$/.test(value) && n >= least && n <= most) return n
	throw new RsyncError(
		RERR.syntax,
		`the rsync option ${name} has the bad value ${shown(value)}: it is a number from ${least} to ${most}`,
	)
}

/** What is done anyway, or has nothing to be done to. */
const noEffect = (why: string): Flag => ({set: (o, name) => void o.noEffect.push(`${name}: ${why}`)})
const noEffectValued = (why: string): Valued => ({
	value: (o, value, name) => void o.noEffect.push(`${name}=${value}: ${why}`),
})

const refusal = (name: string, why: string): RsyncError =>
	new RsyncError(RERR.unsupported, `the rsync option ${name} is not supported: ${why}`)
const refused = (why: string): Flag => ({
	set: (_, name) => {
		throw refusal(name, why)
	},
})
const refusedValued = (why: string): Valued => ({
	value: (_, _value, name) => {
		throw refusal(name, why)
	},
})

const WHOLE = 'an object appears when it is complete, and not before'

export const LETTERS: Readonly<Record<string, Option>> = {
	v: count('verbose'),
	q: on('quiet'),
	s: on('secludedArgs'),
	n: on('dryRun'),
	r: on('recurse'),
	d: on('dirs'),
	R: on('relative'),
	x: count('oneFileSystem'),
	C: on('cvsExclude'),
	m: on('pruneEmptyDirs'),
	l: on('links'),
	L: on('copyLinks'),
	k: on('copyDirlinks'),
	K: on('keepDirlinks'),
	H: on('hardLinks'),
	p: on('perms'),
	E: on('executability'),
	t: on('times'),
	U: on('atimes'),
	N: refused('S3 keeps no times of creation that could be set; leave out -N'),
	O: on('omitDirTimes'),
	J: on('omitLinkTimes'),
	o: on('owner'),
	g: on('group'),
	D: both(on('devices'), on('specials')),
	A: both(on('acls'), on('perms')),
	X: on('xattrs'),
	c: on('checksum'),
	u: on('update'),
	I: on('ignoreTimes'),
	W: on('wholeFile'),
	y: count('fuzzy'),
	b: on('backup'),
	S: on('sparse'),
	z: on('compress'),
	B: number('blockSize', 0, 2 ** 29),
	'@': number('modifyWindow', -1),
}

export const LONG: Readonly<Record<string, Option>> = {
	sender: on('sender'),
	daemon: on('daemon'),
	protocol: number('protocol', 20, 255),
	'protect-args': on('secludedArgs'),
	'secluded-args': on('secludedArgs'),

	verbose: count('verbose'),
	quiet: on('quiet'),
	'dry-run': on('dryRun'),
	'log-format': text('logFormat'),
	'out-format': text('logFormat'),
	'list-only': on('listOnly'),
	stats: on('stats'),
	info: list('info'),
	debug: list('debug'),
	msgs2stderr: on('msgsToStderr'),
	'no-msgs2stderr': off('msgsToStderr'),
	outbuf: noEffectValued('output is sent as it comes'),

	recursive: on('recurse'),
	'no-r': off('recurse'),
	'no-recursive': off('recurse'),
	dirs: on('dirs'),
	'no-dirs': off('dirs'),
	relative: on('relative'),
	'no-relative': off('relative'),
	'no-R': off('relative'),
	'implied-dirs': on('impliedDirs'),
	'no-implied-dirs': off('impliedDirs'),
	'one-file-system': count('oneFileSystem'),
	'no-one-file-system': zero('oneFileSystem'),
	'inc-recursive': noEffect('the list is sent whole'),
	'no-inc-recursive': noEffect('the list is sent whole'),
	'files-from': text('filesFrom'),
	from0: on('from0'),
	'no-from0': off('from0'),
	'cvs-exclude': on('cvsExclude'),
	'prune-empty-dirs': on('pruneEmptyDirs'),
	'min-size': number('minSize', 0, Number.MAX_SAFE_INTEGER),
	'max-size': number('maxSize', 0, Number.MAX_SAFE_INTEGER),
	'ignore-missing-args': on('ignoreMissingArgs'),
	'delete-missing-args': on('deleteMissingArgs'),
	mkpath: on('mkpath'),
	'no-mkpath': off('mkpath'),

	links: on('links'),
	'no-links': off('links'),
	'copy-links': on('copyLinks'),
	'copy-dirlinks': on('copyDirlinks'),
	'copy-unsafe-links': on('copyUnsafeLinks'),
	'safe-links': on('safeLinks'),
	'keep-dirlinks': on('keepDirlinks'),
	'munge-links': refused('links are kept as they are; leave out --munge-links'),
	'no-munge-links': noEffect('links are kept as they are'),
	'hard-links': on('hardLinks'),
	perms: on('perms'),
	executability: on('executability'),
	times: on('times'),
	atimes: on('atimes'),
	crtimes: refused('S3 keeps no times of creation that could be set; leave out --crtimes'),
	'omit-dir-times': on('omitDirTimes'),
	'omit-link-times': on('omitLinkTimes'),
	owner: on('owner'),
	group: on('group'),
	devices: on('devices'),
	'no-devices': off('devices'),
	specials: on('specials'),
	'no-specials': off('specials'),
	acls: both(on('acls'), on('perms')),
	xattrs: on('xattrs'),
	'numeric-ids': on('numericIds'),
	usermap: text('usermap'),
	groupmap: text('groupmap'),
	chown: refusedValued('rsync sends it as --usermap and --groupmap; give it to rsync without -M'),
	chmod: refusedValued('rsync applies it itself; give it to rsync without -M'),
	super: noEffect('attributes are stored beside the object, for which nobody needs to be root'),
	'no-super': noEffect('attributes are stored beside the object, for which nobody needs to be root'),
	'fake-super': refused('attributes are stored beside the object anyway; leave out --fake-super'),

	checksum: on('checksum'),
	update: on('update'),
	'ignore-times': on('ignoreTimes'),
	'size-only': on('sizeOnly'),
	existing: on('existing'),
	'ignore-non-existing': on('existing'),
	'ignore-existing': on('ignoreExisting'),
	'modify-window': number('modifyWindow', -1),
	'whole-file': on('wholeFile'),
	'no-whole-file': off('wholeFile'),
	fuzzy: count('fuzzy'),
	'compare-dest': list('compareDest'),
	'copy-dest': list('copyDest'),
	'link-dest': list('linkDest'),

	del: mode('during'),
	delete: mode('during'),
	'delete-before': mode('before'),
	'delete-during': mode('during'),
	'delete-delay': mode('delay'),
	'delete-after': mode('after'),
	'delete-excluded': on('deleteExcluded'),
	// 'none at all' is sent as -1, since 0 once meant any number.
	'max-delete': {
		value: (o, value, name) => void (o.maxDelete = Math.max(0, integer(value, name, -1, 2 ** 31 - 1))),
	},
	force: on('force'),
	'ignore-errors': on('ignoreErrors'),
	backup: on('backup'),
	'backup-dir': text('backupDir'),
	suffix: text('suffix'),
	'remove-source-files': on('removeSourceFiles'),
	'remove-sent-files': on('removeSourceFiles'),

	partial: on('partial'),
	'partial-dir': text('partialDir'),
	inplace: on('inplace'),
	append: count('append'),
	'append-verify': {set: (o) => void (o.append = 2)},
	sparse: on('sparse'),
	'no-sparse': off('sparse'),
	'temp-dir': noEffectValued(WHOLE),
	'delay-updates': noEffect(WHOLE),
	preallocate: noEffect('there is nothing to allocate'),
	fsync: noEffect('an object that is answered for is durable'),
	'open-noatime': noEffect('objects have no time of access'),
	'no-open-noatime': noEffect('objects have no time of access'),
	'write-devices': refused('an object is no device; leave out --write-devices'),
	'copy-devices': refused('an object is no device; leave out --copy-devices'),

	compress: on('compress'),
	'compress-level': number('compressLevel', -(2 ** 31)),
	'compress-choice': text('compressChoice'),
	'new-compress': {set: (o) => void (o.compressChoice = 'zlibx')},
	'old-compress': {set: (o) => void (o.compressChoice = 'zlib')},
	'compress-threads': noEffectValued('one thread compresses'),
	'skip-compress': noEffectValued('every file is sent compressed'),
	'checksum-choice': text('checksumChoice'),
	'checksum-seed': number('checksumSeed', -(2 ** 31)),
	'block-size': number('blockSize', 0, 2 ** 29),
	bwlimit: number('bwlimit'),
	'no-bwlimit': zero('bwlimit'),
	timeout: number('timeout'),
	'no-timeout': zero('timeout'),
	'max-alloc': noEffectValued('memory is bounded anyway'),

	iconv: refusedValued('names are kept byte for byte; leave it out, or convert them with convmv'),
	'no-iconv': noEffect('names are kept byte for byte'),
	'only-write-batch': noEffectValued('the client keeps the batch'),
	'log-file': refusedValued('say --log-file to rsync without -M'),
	'log-file-format': refusedValued('say --log-file-format to rsync without -M'),
	'stop-after': refusedValued('say --stop-after to rsync without -M'),
	'stop-at': refusedValued('say --stop-at to rsync without -M'),
	'use-qsort': noEffect('the order is the same'),
	'trust-sender': noEffect('names are checked anyway'),
	'no-trust-sender': noEffect('names are checked anyway'),
}
