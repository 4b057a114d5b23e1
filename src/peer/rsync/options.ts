// What an rsync client asks of its server in the argument vector, as one value.

import {shown} from '../../base/quote.ts'
import {RERR, RsyncError} from './errors.ts'
import {LETTERS, LONG} from './option-table.ts'
import type {Word} from './words.ts'

export type DeleteMode = 'before' | 'during' | 'delay' | 'after'

/** rsync's options by their long names, as far as a client sends them to its server. */
export type ServerOptions = {
	/** We send (the client downloads). */
	sender: boolean
	/** `--server --daemon .`: the daemon's protocol is to be spoken on stdin and stdout. */
	daemon: boolean
	/** The client's `--protocol`, or undefined: its own version comes on the wire. */
	protocol: number | undefined
	/** Letters that say what a client of protocol 30 and later can do, or undefined from an older one. */
	capabilities: string | undefined
	/** -s: the words after these come on the wire, each ended by NUL, the list by an empty one. */
	secludedArgs: boolean

	verbose: number
	quiet: boolean
	dryRun: boolean
	/** `--log-format`: what the client itemizes. '%i' means it wants items, '%i%I' also unchanged ones. */
	logFormat: string | undefined
	listOnly: boolean
	stats: boolean
	/** --info and --debug, as given. */
	info: string[]
	debug: string[]
	/** Text goes to stderr instead of into the stream. */
	msgsToStderr: boolean

	recurse: boolean
	/** -d: directories are listed and not entered. */
	dirs: boolean
	relative: boolean
	impliedDirs: boolean
	oneFileSystem: number
	filesFrom: string | undefined
	from0: boolean
	cvsExclude: boolean
	pruneEmptyDirs: boolean
	minSize: number | undefined
	maxSize: number | undefined
	ignoreMissingArgs: boolean
	deleteMissingArgs: boolean
	mkpath: boolean

	links: boolean
	copyLinks: boolean
	copyDirlinks: boolean
	copyUnsafeLinks: boolean
	safeLinks: boolean
	keepDirlinks: boolean
	hardLinks: boolean
	perms: boolean
	executability: boolean
	times: boolean
	atimes: boolean
	omitDirTimes: boolean
	omitLinkTimes: boolean
	owner: boolean
	group: boolean
	devices: boolean
	specials: boolean
	acls: boolean
	xattrs: boolean
	numericIds: boolean
	/** --usermap and --groupmap; --chown comes as these. */
	usermap: string | undefined
	groupmap: string | undefined

	checksum: boolean
	update: boolean
	ignoreTimes: boolean
	sizeOnly: boolean
	existing: boolean
	ignoreExisting: boolean
	/** Seconds that two times may differ; -1: nanoseconds count too. */
	modifyWindow: number
	wholeFile: boolean
	fuzzy: number
	compareDest: string[]
	copyDest: string[]
	linkDest: string[]

	deleteMode: DeleteMode | undefined
	deleteExcluded: boolean
	/** How many may be deleted; undefined: any number. */
	maxDelete: number | undefined
	force: boolean
	ignoreErrors: boolean
	backup: boolean
	backupDir: string | undefined
	suffix: string | undefined
	removeSourceFiles: boolean

	partial: boolean
	partialDir: string | undefined
	inplace: boolean
	/** 1: --append, 2: --append-verify. */
	append: number
	sparse: boolean

	compress: boolean
	compressLevel: number | undefined
	compressChoice: string | undefined
	checksumChoice: string | undefined
	checksumSeed: number | undefined
	/** -B, in bytes. */
	blockSize: number | undefined
	/** KiB a second; 0: any rate. */
	bwlimit: number
	/** Seconds of silence after which the client gives up; 0: never. */
	timeout: number

	/** Options that change nothing here, each with the reason. */
	noEffect: string[]
	/** What follows the '.': paths on the remote, or `module/path` for a daemon. */
	paths: Word[]
}

const defaults = (): ServerOptions => ({
	sender: false,
	daemon: false,
	protocol: undefined,
	capabilities: undefined,
	secludedArgs: false,
	verbose: 0,
	quiet: false,
	dryRun: false,
	logFormat: undefined,
	listOnly: false,
	stats: false,
	info: [],
	debug: [],
	msgsToStderr: false,
	recurse: false,
	dirs: false,
	relative: false,
	impliedDirs: true,
	oneFileSystem: 0,
	filesFrom: undefined,
	from0: false,
	cvsExclude: false,
	pruneEmptyDirs: false,
	minSize: undefined,
	maxSize: undefined,
	ignoreMissingArgs: false,
	deleteMissingArgs: false,
	mkpath: false,
	links: false,
	copyLinks: false,
	copyDirlinks: false,
	copyUnsafeLinks: false,
	safeLinks: false,
	keepDirlinks: false,
	hardLinks: false,
	perms: false,
	executability: false,
	times: false,
	atimes: false,
	omitDirTimes: false,
	omitLinkTimes: false,
	owner: false,
	group: false,
	devices: false,
	specials: false,
	acls: false,
	xattrs: false,
	numericIds: false,
	usermap: undefined,
	groupmap: undefined,
	checksum: false,
	update: false,
	ignoreTimes: false,
	sizeOnly: false,
	existing: false,
	ignoreExisting: false,
	modifyWindow: 0,
	wholeFile: false,
	fuzzy: 0,
	compareDest: [],
	copyDest: [],
	linkDest: [],
	deleteMode: undefined,
	deleteExcluded: false,
	maxDelete: undefined,
	force: false,
	ignoreErrors: false,
	backup: false,
	backupDir: undefined,
	suffix: undefined,
	removeSourceFiles: false,
	partial: false,
	partialDir: undefined,
	inplace: false,
	append: 0,
	sparse: false,
	compress: false,
	compressLevel: undefined,
	compressChoice: undefined,
	checksumChoice: undefined,
	checksumSeed: undefined,
	blockSize: undefined,
	bwlimit: 0,
	timeout: 0,
	noEffect: [],
	paths: [],
})

/**
 * Reads the words that follow `rsync`: `--server [--sender] <options> . <path>...`.
 *
 * Throws code 1 for an option that is not known or has a bad value, and code 4 for one that is refused, with what
 * to use instead. Nothing is skipped: a letter decides what else is in the stream.
 */
export function parseServerArgs(words: readonly Word[]): Readonly<ServerOptions> {
	const {options, error} = readServerArgs(words)
	if (error) throw error
	return options
}

/**
 * The same, with the first error as a value and the rest of the options read: a daemon can tell its client what is
 * wrong only behind a handshake, which depends on the other options.
 */
export function readServerArgs(words: readonly Word[]): {
	readonly options: Readonly<ServerOptions>
	readonly error: RsyncError | undefined
} {
	const options = defaults()
	const [first, ...rest] = words
	const queue = rest.values()
	let error: RsyncError | undefined
	if (first?.text !== '--server')
		error = new RsyncError(
			RERR.syntax,
			`expected '--server' of an rsync client, not ${shown(first?.text ?? '')}`,
		)
	for (const {text} of queue) {
		if (text === '.') {
			options.paths = [...queue]
			break
		}
		try {
			readOption(options, text, () => queue.next().value?.text)
		} catch (failure) {
			if (!(failure instanceof RsyncError)) throw failure
			error ??= failure
		}
	}
	return {options: normal(options), error}
}

function readOption(options: ServerOptions, text: string, nextWord: () => string | undefined): void {
	if (text.startsWith('--')) readLong(options, text, nextWord)
	else if (text.length > 1 && text.startsWith('-')) readCluster(options, text)
	else throw new RsyncError(RERR.syntax, `expected '.' before the path ${shown(text)} in the arguments`)
}

function readLong(options: ServerOptions, text: string, nextWord: () => string | undefined): void {
	const equals = text.indexOf('=')
	const name = equals < 0 ? text : text.slice(0, equals)
	const option = LONG[name.slice(2)]
	if (option === undefined) throw new RsyncError(RERR.syntax, `the rsync option ${shown(name)} is not known`)

	if (option.value === undefined) {
		if (equals >= 0) throw new RsyncError(RERR.syntax, `the rsync option ${name} takes no value`)
		option.set(options, name)
		return
	}
	const value = equals < 0 ? nextWord() : text.slice(equals + 1)
	if (value === undefined) throw new RsyncError(RERR.syntax, `the rsync option ${name} needs a value`)
	option.value(options, value, name)
}

/** Letters behind one dash. What follows `e` is what the client can do; `B` and `@` take the rest as their value. */
function readCluster(options: ServerOptions, text: string): void {
	let error: RsyncError | undefined
	for (let at = 1; at < text.length; at++) {
		const letter = text.charAt(at)
		const rest = text.slice(at + 1)
		if (letter === 'e') {
			options.capabilities = /^\d*\.\d*(.*)$/s.exec(rest)?.[1] ?? ''
			break
		}
		const option = LETTERS[letter]
		if (option === undefined) {
			error ??= new RsyncError(
				RERR.syntax,
				`the rsync option ${shown(`-${letter}`)} in ${shown(text)} is not known`,
			)
			continue
		}
		if (option.value !== undefined) {
			option.value(options, rest, `-${letter}`)
			break
		}
		option.set(options, `-${letter}`)
	}
	if (error) throw error
}

/** What one option says about another one, as rsync has it. */
function normal(options: ServerOptions): ServerOptions {
	if (options.deleteExcluded) options.deleteMode ??= 'during'
	if (options.append > 0) options.inplace = true
	if ((options.listOnly || options.filesFrom !== undefined) && !options.recurse) options.dirs = true
	if (options.suffix === undefined && options.backup)
		options.suffix = options.backupDir === undefined ? '~' : ''
	return options
}
