// What an rsync client may ask of its server, as one value.

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

/** What a client asks that says nothing else. */
export const defaults = (): ServerOptions => ({
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
