// s3r copy-object: copy objects within their bucket, on the server.

import {fatal, usage} from '../src/base/errors.ts'
import {inOrder} from '../src/base/in-order.ts'
import {nameOf} from '../src/base/path.ts'
import {shown, unquote} from '../src/base/quote.ts'
import {type AskedObject, objectsOfLines, withPath} from '../src/cli/asked-objects.ts'
import {command, type Context, type Values} from '../src/cli/command.ts'
import {
	chosenFlags,
	dryRunFlags,
	recordFlags,
	remoteFlags,
	stdinFlags,
	storedFlags,
} from '../src/cli/flags.ts'
import {parseAsked} from '../src/cli/input.ts'
import {itemErrors} from '../src/cli/item-errors.ts'
import {objectItem} from '../src/cli/object-item.ts'
import {Stores} from '../src/cli/objects.ts'
import {RecordPrinter} from '../src/cli/print.ts'
import {storedAs} from '../src/cli/pushing.ts'
import {objectOf} from '../src/cli/work.ts'
import {isKind} from '../src/store/store.ts'
import {copyObject, type Copied} from '../src/sync/copy.ts'
import {isFinal} from '../src/sync/final.ts'

/** Copies at once. */
const WIDTH = 16

const flagsOfCopy = {
	...stdinFlags,
	...recordFlags,
	force: {type: 'boolean', help: 'replace what is there'},
	...dryRunFlags,
	acl: storedFlags.acl,
	'storage-class': storedFlags['storage-class'],
	...chosenFlags,
	...remoteFlags,
} as const
type CopyValues = Values<typeof flagsOfCopy>

type Pair = {readonly from: AskedObject; readonly to: AskedObject}

export default command({
	name: 'copy-object',
	summary: 'copy objects within their bucket, on the server',
	synopsis: ['[-nz] [--force] [<option>...] <key> <key>', '--stdin [-nz] [--force] [<option>...]'],
	flags: flagsOfCopy,
	arity: [0, 2],

	async run(context, flags, args) {
		if (flags.stdin && args.length > 0) throw usage("'--stdin' and a key exclude each other")
		if (!flags.stdin && args.length < 2) throw usage("two keys or '--stdin' are missing")
		const printer = new RecordPrinter(context.io, flags)
		const errors = itemErrors(context)
		const stores = new Stores(context, {pretend: flags['dry-run']})
		const pairs = flags.stdin ? pairsOnStdin(context, flags) : [pairOf(context, flags, args)]
		try {
			for await (const {pair, copied, error} of inOrder(
				pairs,
				{width: WIDTH, signal: context.signal},
				(one) => copyOne(one, stores, flags),
			)) {
				const {to, from} = pair
				if (copied) {
					const status = copied.wasThere ? '=' : 'R'
					await printer.print({...objectItem(to.path, to.key, copied.head), status})
				} else errors.failed(isKind(error, 'not-found') ? from.path : to.path, error)
			}
		} finally {
			await stores.close()
		}
		return errors.status
	},
})

/** The objects of two arguments; a target that ends in '/' is the directory to copy into. */
function pairOf(context: Context, flags: CopyValues, [source = '', target = '']: readonly string[]): Pair {
	const from = withPath(objectOf(context, flags, source))
	const to = objectOf(context, flags, target)
	const isDirectory = to.key === '' || to.key.endsWith('/')
	return {from, to: withPath(isDirectory ? {...to, key: to.key + nameOf(from.key)} : to)}
}

/** Pairs of lines with -z, else of fields. */
async function* pairsOnStdin(context: Context, flags: CopyValues): AsyncIterable<Pair> {
	const nul = flags.null ?? false
	const objectAt = objectsOfLines(context, flags)
	let first: string | undefined
	for await (const line of context.io.stdinRecords(nul)) {
		if (!nul) yield pairOfLine(line, (path) => objectAt({path}))
		else if (first === undefined) first = line
		else {
			yield {from: objectAt(parseAsked(first, nul)), to: objectAt(parseAsked(line, nul))}
			first = undefined
		}
	}
	if (first !== undefined)
		throw fatal(`${shown(first)} has no target`, 'with -z each source is followed by its target')
}

function pairOfLine(line: string, objectAt: (path: string) => AskedObject): Pair {
	const fields = line.split('\t').map(unquote)
	const [from, to] = fields
	if (from === undefined || to === undefined || fields.length !== 2)
		throw fatal(`not two paths: ${shown(line)}`, 'a line is <source> TAB <target>')
	return {from: objectAt(from), to: objectAt(to)}
}

type Answer = {readonly pair: Pair; readonly copied?: Copied; readonly error?: unknown}

async function copyOne(pair: Pair, stores: Stores, {force, ...flags}: CopyValues): Promise<Answer> {
	const {from, to} = pair
	try {
		if (from.remote.bucket !== to.remote.bucket || from.remote.endpoint !== to.remote.endpoint)
			throw fatal('a copy stays in its bucket', "'s3r cat-object' and 's3r put -' go from one to another")
		const store = await stores.of(to.remote)
		const copied = await copyObject(store, from.key, to.key, {
			force,
			acl: storedAs(to.remote).stored.acl,
			storageClass: flags['storage-class'],
		})
		return {pair, copied}
	} catch (error) {
		if (isFinal(error)) throw error
		return {pair, error}
	}
}
