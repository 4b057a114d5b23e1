// What a shell offers to go on with: commands, options, values of options, remotes, and keys of objects.

import {fromUnicode, type Path, withoutSlash} from '../base/path.ts'
import {CANNED} from '../format/acl.ts'
import {readIndex} from '../repo/read-index.ts'
import {chosenRemote, namedObject, placeOfRemote} from '../repo/remotes.ts'
import {ownConfig} from '../repo/edit-remotes.ts'
import {findPlace} from '../repo/find.ts'
import type {Command, Context, Flag} from './command.ts'
import {namesBelow} from './names-below.ts'
import {openRemote} from './opening.ts'
import {lookup, unicode} from './work.ts'

export type Candidate = {readonly text: Path; readonly about?: string | undefined}

/** `keys` and `words` are offered as they are; where they are `files`, the shell offers those that it finds. */
export type Offer = {readonly kind: 'words' | 'keys' | 'files'; readonly candidates: readonly Candidate[]}

const FILES: Offer = {kind: 'files', candidates: []}

/** Commands whose operands are objects, or places of the remote. */
const OF_OBJECTS = new Set([
	'acl',
	'cat-acl',
	'cat-object',
	'copy-object',
	'du',
	'get',
	'ls-remote',
	'ls-uploads',
	'ls-versions',
	'mv',
	'presign',
	'put',
	'rm',
	'stat-object',
])
/** Those whose operand is a remote first. */
const OF_REMOTES = new Set(['abort-uploads', 'clone', 'du', 'ls-remote', 'ls-uploads', 'ls-versions'])

const VALUES: Readonly<Record<string, readonly string[]>> = {
	acl: CANNED,
	color: ['auto', 'always', 'never'],
	sse: ['AES256', 'aws:kms'],
	'storage-class': [
		'STANDARD',
		'STANDARD_IA',
		'ONEZONE_IA',
		'INTELLIGENT_TIERING',
		'GLACIER_IR',
		'GLACIER',
		'DEEP_ARCHIVE',
	],
}
const OPERANDS: Readonly<Record<string, readonly string[]>> = {
	completion: ['bash', 'zsh', 'fish'],
	remote: ['list', 'add', 'rm', 'rename', 'set-url', 'get-url'],
}

/** What can stand in place of the last word; those before it are behind `s3r`. */
export async function complete(context: Context, words: readonly string[]): Promise<Offer> {
	const {table} = context
	const word = words.at(-1) ?? ''
	const before = words.slice(0, -1)
	const [name] = before
	if (name === undefined)
		return offer(
			word,
			Object.entries(table).map(([text, {summary}]) => ({text, about: summary})),
		)
	const row = Object.hasOwn(table, name) ? table[name] : undefined
	if (row === undefined) return FILES
	const {default: command} = await row.load()
	const ended = before.includes('--')
	const taken = ended ? undefined : valueOf(command, before.at(-1) ?? '')
	if (taken !== undefined) return values(context, taken, word)
	if (!ended && word.startsWith('-')) return ofOptions(context, command, word)
	return operands(
		context,
		name,
		before.slice(1).filter((one) => !one.startsWith('-')),
		word,
	)
}

const offer = (word: string, candidates: readonly Candidate[], kind: Offer['kind'] = 'words'): Offer => ({
	kind,
	candidates: candidates.filter(({text}) => text.startsWith(word)),
})

const words = (all: readonly string[]): Candidate[] => all.map((text) => ({text: fromUnicode(text)}))

/** The option that the word before waits for a value of, if it does. */
function valueOf({flags}: Command, before: string): string | undefined {
	const found = Object.entries(flags).find(
		([name, {type, short}]) =>
			type === 'string' &&
			(before === `--${name}` || (short !== undefined && new RegExp(`^-\\w*${short}$`).test(before))),
	)
	return found?.[0]
}

function ofOptions(context: Context, {flags}: Command, word: string): Offer | Promise<Offer> {
	const [, name, value] = /^--([a-z0-9-]+)=(.*)$/s.exec(word) ?? []
	if (name !== undefined) return prefixed(values(context, name, value ?? ''), `--${name}=`)
	return offer(
		word,
		Object.entries(flags).flatMap(([long, flag]) => spellings(long, flag)),
	)
}

function spellings(name: string, flag: Flag): Candidate[] {
	const about = flag.help
	if (flag.type === 'string') return [{text: `--${name}`, about}]
	return flag.negatable === true
		? [
				{text: `--${name}`, about},
				{text: `--no-${name}`, about},
			]
		: [{text: `--${name}`, about}]
}

async function prefixed(offered: Offer | Promise<Offer>, prefix: string): Promise<Offer> {
	const {kind, candidates} = await offered
	return {kind, candidates: candidates.map(({text, about}) => ({text: prefix + text, about}))}
}

function values(context: Context, name: string, word: string): Offer {
	if (name === 'remote') return offer(word, remotes(context))
	const known = Object.hasOwn(VALUES, name) ? VALUES[name] : undefined
	return known === undefined ? FILES : offer(word, words(known))
}

/** The configured remotes. */
function remotes({cwd, env}: Context, end = ''): Candidate[] {
	const place = findPlace(cwd, env)
	return place ? words(Array.from(ownConfig(place).remotes.keys(), (name) => name + end)) : []
}

async function operands(
	context: Context,
	name: string,
	given: readonly string[],
	word: string,
): Promise<Offer> {
	if (name === 'help') return offer(word, words(Object.keys(context.table)))
	if (name === 'remote' && given.length > 0) return offer(word, given.length === 1 ? remotes(context) : [])
	const known = Object.hasOwn(OPERANDS, name) ? OPERANDS[name] : undefined
	if (known !== undefined)
		return given.length === 0 ? offer(word, words(known)) : {kind: 'words', candidates: []}
	if (name === 'put' && given.length === 0) return FILES
	if (!OF_OBJECTS.has(name) && !OF_REMOTES.has(name)) return FILES
	const found = (await keys(context, word)) ?? indexed(context, name, given, word)
	if (OF_REMOTES.has(name) && given.length === 0) return offer(word, [...remotes(context), ...found], 'keys')
	return found.length > 0 ? {kind: 'keys', candidates: found} : FILES
}

/** Keys below `s3://bucket/…`, `remote:…`, or outside of a local side `bucket/…`; undefined for another word. */
async function keys(context: Context, word: string): Promise<Candidate[] | undefined> {
	const where = lookup(context, {})
	const isUrl = word.startsWith('s3://')
	const start =
		/^(?:s3:\/\/[^/]+\/|(?!s3:)[A-Za-z0-9][\w.-]*:)/.exec(word)?.[0] ??
		(where.place ? undefined : /^[^/]+\//.exec(word)?.[0])
	if (start === undefined) {
		if (!isUrl && where.place) return undefined
		return (await buckets(context))
			.map((bucket) => ({text: `${isUrl ? 's3://' : ''}${bucket}/`}))
			.filter(({text}) => text.startsWith(word))
	}
	const {remote, key} = namedObject(unicode(word), where)
	const {store} = await openRemote(context, remote)
	const base = word.slice(0, word.lastIndexOf('/') + 1) || start
	try {
		const names = await namesBelow(store, key)
		return names.map((name) => ({
			text: base + fromUnicode(name),
		}))
	} finally {
		store.close()
	}
}

async function buckets(context: Context): Promise<string[]> {
	const {listBuckets} = await import('../store/open.ts')
	const {account} = await import('../repo/remotes.ts')
	return (await listBuckets(account(lookup(context, {})))).map(({name}) => name)
}

/** Paths that the index knows objects of, as they are seen from the current directory if that is in the root. */
function indexed(context: Context, name: string, given: readonly string[], word: string): Candidate[] {
	const place = findPlace(context.cwd, context.env)
	const isPrefix = OF_REMOTES.has(name)
	if (!place || (isPrefix && given.length === 0)) return []
	const chosen = chosenRemote(lookup(context, {}))
	const index = readIndex(chosen ? placeOfRemote(place, chosen) : place)
	const here =
		isPrefix || context.cwd === place.root ? '' : `${context.cwd.slice(withoutSlash(place.root).length + 1)}/`
	const start = here + word
	const found = new Set<Path>()
	const first = index.find(start)
	for (
		let row = first < 0 ? -1 - first : first;
		row < index.count && index.path(row).startsWith(start);
		row++
	) {
		if (!index.hasRemote(row)) continue
		const rest = index.path(row).slice(start.length)
		const slash = rest.indexOf('/')
		found.add(word + (slash < 0 ? rest : rest.slice(0, slash + 1)))
	}
	return [...found].filter((text) => text !== word).map((text) => ({text}))
}
