// Options that several commands have, each written once so that all their help texts agree.

import type {backupFlags} from './choices.ts'
import type {Flags, Values} from './command.ts'

/** How records are printed. */
export const recordFlags = {
	null: {type: 'boolean', short: 'z', help: 'end records with NUL and do not quote paths'},
	json: {type: 'boolean', help: 'print records as JSON, one object a line'},
	format: {type: 'string', arg: 'format', help: "print records so: '%(path) %(size)'"},
	'name-only': {type: 'boolean', help: 'print paths only'},
} as const satisfies Flags
export type RecordValues = Values<typeof recordFlags>

/** The answer is in the exit status too. */
export const exitCodeFlags = {
	'exit-code': {type: 'boolean', help: 'exit with 1 if there is a difference'},
} as const satisfies Flags

/** Records are read from stdin, in the same form as they are printed. */
export const stdinFlags = {
	stdin: {type: 'boolean', help: 'read records from stdin'},
} as const satisfies Flags

/** Which of several remotes. */
export const chosenFlags = {
	remote: {type: 'string', arg: 'remote', help: "this remote, by its name or URL, not 'origin'"},
} as const satisfies Flags
export type ChosenValues = Values<typeof chosenFlags>

/** Which store, and as whom. */
export const remoteFlags = {
	endpoint: {type: 'string', arg: 'url', help: 'the endpoint of the store'},
	region: {type: 'string', arg: 'name', help: 'the region of the bucket'},
	profile: {type: 'string', arg: 'name', help: 'the AWS profile that credentials come from'},
	'path-style': {
		type: 'boolean',
		negatable: true,
		help: 'name the bucket in the path, not in the host name',
	},
	'requester-pays': {type: 'boolean', help: 'pay for the requests to a bucket of somebody else'},
	accelerate: {type: 'boolean', help: "Amazon's endpoint for long ways"},
	dualstack: {type: 'boolean', help: "Amazon's endpoint for IPv6 and IPv4"},
	fips: {type: 'boolean', help: "Amazon's endpoint with FIPS 140 cryptography"},
	'sse-c-key-file': {type: 'string', arg: 'file', help: 'the file of a key of your own for encryption'},
} as const satisfies Flags
export type RemoteValues = Values<typeof remoteFlags & typeof chosenFlags>

/** What is kept between sessions with rsync clients. */
export const signatureFlags = {
	signatures: {
		type: 'string',
		arg: 'size',
		help: 'keep block sums of large files in so many bytes, so that only changes come',
	},
} as const satisfies Flags
export type SignatureValues = Values<typeof signatureFlags>

/** What is stored beside the bytes. */
export const storedFlags = {
	acl: {type: 'string', arg: 'name', help: 'the canned ACL of what is created'},
	grant: {
		type: 'string',
		arg: 'permission=grantee',
		multiple: true,
		help: 'grant this on what is created',
	},
	'storage-class': {type: 'string', arg: 'class', help: 'the storage class of what is created'},
	sse: {type: 'string', arg: 'algorithm', help: 'encryption by the store: AES256 or aws:kms'},
	'sse-kms-key-id': {type: 'string', arg: 'id', help: 'the key for aws:kms'},
	tag: {type: 'string', arg: 'key=value', multiple: true, help: 'a tag of what is created'},
	'object-lock-mode': {type: 'string', arg: 'mode', help: 'lock what is created: GOVERNANCE or COMPLIANCE'},
	'retain-until': {type: 'string', arg: 'time', help: 'the end of the lock: 30d, or 2030-01-01'},
	'legal-hold': {type: 'boolean', help: 'hold what is created until that is lifted'},
} as const satisfies Flags

/** Headers by the names of files. */
export const headerFlags = {
	header: {
		type: 'string',
		arg: 'rule',
		multiple: true,
		help: 'a header of the files that match',
	},
} as const satisfies Flags
export type StoredValues = Values<typeof storedFlags & typeof headerFlags>

/** Which files; rules apply in the order of the command line, the first that matches decides. */
export const ruleFlags = {
	exclude: {type: 'string', arg: 'pattern', multiple: true, help: 'leave out what matches'},
	include: {type: 'string', arg: 'pattern', multiple: true, help: 'do not leave out what matches'},
	'exclude-from': {type: 'string', arg: 'file', multiple: true, help: 'read exclude patterns from a file'},
	'include-from': {type: 'string', arg: 'file', multiple: true, help: 'read include patterns from a file'},
	filter: {type: 'string', short: 'f', arg: 'rule', multiple: true, help: 'add a filter rule'},
	'rsync-filter': {
		type: 'boolean',
		short: 'F',
		count: true,
		help: 'obey the .rsync-filter files in the directories; twice: and leave them out',
	},
	'cvs-exclude': {type: 'boolean', short: 'C', help: 'leave out what CVS ignores'},
	from0: {type: 'boolean', short: '0', help: 'what files hold ends in NUL, not in a newline'},
} as const satisfies Flags

export const filterFlags = {
	...ruleFlags,
	'files-from': {type: 'string', arg: 'file', help: 'only what a file names, a path a line'},
	recursive: {type: 'boolean', short: 'r', help: 'with --files-from: also what is below its directories'},
} as const satisfies Flags
export type FilterValues = Values<typeof ruleFlags & typeof backupFlags> & {
	readonly 'delete-excluded'?: boolean
}

/** What is said about the work. */
export const verboseFlags = {
	verbose: {type: 'boolean', short: 'v', count: true, help: 'print what is done; twice: what is not'},
	quiet: {type: 'boolean', short: 'q', help: 'do not print warnings'},
} as const satisfies Flags

export const progressFlags = {
	progress: {type: 'boolean', short: 'P', help: 'show the progress on a terminal'},
} as const satisfies Flags

export const dryRunFlags = {
	'dry-run': {type: 'boolean', short: 'n', help: 'do all but the writing'},
} as const satisfies Flags

/** The remote as it was. */
export const atFlags = {
	at: {type: 'string', arg: 'time', help: 'as it was then: 3h for three hours ago, or 2026-11-25T10:30'},
} as const satisfies Flags

export const versionFlags = {
	version: {type: 'string', arg: 'id', help: 'this version of it, as ls-versions names it'},
} as const satisfies Flags

export const colorFlags = {
	color: {type: 'string', arg: 'when', help: 'colour the output: auto, always or never'},
} as const satisfies Flags
