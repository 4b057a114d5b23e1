// s3r cat-object: print the content of objects.

import {EXIT, fatal, S3rError, usage} from '../src/base/errors.ts'
import {shown} from '../src/base/quote.ts'
import {fromUnicode} from '../src/base/path.ts'
import {command, type Context} from '../src/cli/command.ts'
import {exclusive} from '../src/cli/exclusive.ts'
import {atFlags, chosenFlags, remoteFlags, versionFlags} from '../src/cli/flags.ts'
import {Stores} from '../src/cli/objects.ts'
import {parseRange, pickRange, type Range} from '../src/cli/range.ts'
import {momentOf, objectOf} from '../src/cli/work.ts'
import {noSuchObject} from '../src/store/errors.ts'
import {type Head, type Store, StoreError} from '../src/store/store.ts'
import {type Arrival, arrivalOf} from '../src/sync/arrival.ts'
import {contentOf} from '../src/sync/content.ts'

export default command({
	name: 'cat-object',
	summary: 'print the content of objects',
	synopsis: ['[--raw] [--range <first-last>] [<option>...] <key>...'],
	flags: {
		range: {type: 'string', arg: 'first-last', help: 'only these bytes, counted from 0'},
		raw: {type: 'boolean', help: 'do not unpack what s3r stored as gzip'},
		...atFlags,
		...versionFlags,
		...chosenFlags,
		...remoteFlags,
	},
	arity: [1, Infinity],

	async run(context, flags, args) {
		const range = flags.range === undefined ? undefined : parseRange(flags.range)
		exclusive(flags, 'at', 'version')
		if (flags.version !== undefined && args.length > 1)
			throw usage("'--version' is of one object, not of several")
		const stores = new Stores(context, false, momentOf(flags))
		try {
			for (const arg of args) {
				const {remote, key} = objectOf(context, flags, arg)
				if (key === '' || key.endsWith('/')) throw fatal(`${shown(arg)} is a directory`)
				const {raw = false, version} = flags
				const source = {key, version, context, store: await stores.of(remote), raw}
				await print(source, range)
			}
		} finally {
			await stores.close()
		}
		return EXIT.ok
	},
})

type Source = {
	readonly store: Store
	readonly key: string
	readonly version: string | undefined
	readonly raw: boolean
	readonly context: Context
}

async function print(source: Source, range: Range | undefined): Promise<void> {
	try {
		for await (const piece of range ? partOf(source, range) : wholeOf(source))
			await source.context.io.write(piece)
	} catch (error) {
		throw named(error, source.key)
	}
}

/** The bytes of an object, verified behind the last one. */
async function* wholeOf(source: Source): AsyncGenerator<Buffer> {
	const {head, body} = await source.store.get(source.key, {version: source.version})
	yield* contentOf(arrived(source, head), body, () => {})
}

/** Some bytes of an object. Only its head tells whether they are those that are stored. */
async function* partOf(source: Source, range: Range): AsyncGenerator<Buffer> {
	const {store, key, version} = source
	const head = await store.head(key, {version})
	if (!head) throw noSuchObject(store.bucket, key)
	const {original} = arrived(source, head).attributes
	const {first, last} = pickRange(range, original?.size ?? head.size)
	if (original) yield* slice(wholeOf(source), first, last)
	else yield* (await store.get(key, {range: {first, last}, ifMatch: head.etag, version})).body
}

/** What the object says of its content: with --raw, what is stored is the content. */
function arrived({key, raw, context: {umask}}: Source, head: Head): Arrival {
	const arrival = arrivalOf(fromUnicode(key), key, head, {}, umask)
	return raw ? {...arrival, attributes: {...arrival.attributes, original: undefined}} : arrival
}

/** Bytes `first` to `last` of a stream; what is behind them is not read. */
async function* slice(pieces: AsyncIterable<Buffer>, first: number, last: number): AsyncGenerator<Buffer> {
	let at = 0
	for await (const piece of pieces) {
		const part = piece.subarray(Math.max(0, first - at), Math.max(0, last + 1 - at))
		if (part.length > 0) yield part
		at += piece.length
		if (at > last) return
	}
}

/** The error of a content that is not what it should be, with the object's name. */
const named = (error: unknown, key: string): unknown =>
	error instanceof S3rError && !(error instanceof StoreError) && error.status === EXIT.fatal
		? fatal(`${shown(fromUnicode(key))}: ${error.message}`, error.hint, error)
		: error
