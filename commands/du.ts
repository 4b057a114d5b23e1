// s3r du: tell how much lies where, as a tree with bars or as a page.

import {writeFileSync} from 'node:fs'
import {UsageTree} from '../src/algo/usage.ts'
import {fatal, reason, usage} from '../src/base/errors.ts'
import {forFs, fromUnicode, type Path, ROOT} from '../src/base/path.ts'
import {shown} from '../src/base/quote.ts'
import {palette} from '../src/cli/color.ts'
import {command, type Context, type Values} from '../src/cli/command.ts'
import {exclusive} from '../src/cli/exclusive.ts'
import {numberOf} from '../src/cli/filters.ts'
import {chosenFlags, colorFlags, recordFlags, remoteFlags, stdinFlags} from '../src/cli/flags.ts'
import {askedLines} from '../src/cli/input.ts'
import {type ItemErrors, itemErrors} from '../src/cli/item-errors.ts'
import {treemapPage} from '../src/cli/treemap.ts'
import {usageJson, usageLines} from '../src/cli/usage-tree.ts'
import {openRemote} from '../src/cli/opening.ts'
import {remoteOf} from '../src/cli/work.ts'
import {surrogateEscaped} from '../src/format/json.ts'
import {keyOf} from '../src/format/key.ts'
import {type Remote, remoteUrl} from '../src/format/remote.ts'
import {absolute, requirePlace} from '../src/repo/find.ts'
import {readIndex} from '../src/repo/read-index.ts'
import {listPaths} from '../src/sync/fetch.ts'
import {listLocal} from '../src/sync/list-local.ts'

const flagsOfDu = {
	local: {type: 'boolean', help: 'of the files, not of the remote'},
	...stdinFlags,
	null: recordFlags.null,
	depth: {type: 'string', arg: 'n', help: 'directories so deep; 2 by default'},
	top: {type: 'string', arg: 'n', help: 'so many entries of each directory; 10 by default'},
	html: {type: 'string', arg: 'file', help: 'write a page with a treemap'},
	json: {type: 'boolean', help: 'print each directory as JSON'},
	...colorFlags,
	...chosenFlags,
	...remoteFlags,
} as const
type DuValues = Values<typeof flagsOfDu>

/** A path and its bytes. */
type Sized = {readonly path: Path; readonly size: number}

export default command({
	name: 'du',
	summary: 'tell how much lies where',
	synopsis: [
		'[--depth <n>] [--top <n>] [--html <file>] [--json] [<option>...] [<remote> [<prefix>]]',
		'--local [<option>...]',
		'--stdin [-z] [<option>...]',
	],
	flags: flagsOfDu,
	arity: [0, 2],

	async run(context, flags, args) {
		exclusive(flags, 'local', 'stdin', 'remote')
		exclusive(flags, 'html', 'json')
		const [first] = args
		for (const name of ['local', 'stdin'] as const)
			if (flags[name] && first !== undefined)
				throw usage(`'--${name}' and ${shown(first)} exclude each other`)
		const depth = numberOf('depth', flags.depth) ?? 2
		const top = numberOf('top', flags.top) ?? 10
		const {io, signal} = context
		const isWhole = flags.html !== undefined || flags.json === true
		const tree = new UsageTree(isWhole ? {} : {depth})
		const errors = itemErrors(context)
		const {title, sizes} = sourceOf(context, flags, args, errors)
		for await (const {path, size} of sizes) {
			signal.throwIfAborted()
			tree.add(path, size)
		}
		if (flags.html !== undefined) await writePage(context, flags.html, treemapPage(tree.root, title))
		else if (flags.json)
			for (const line of usageJson(tree.root, ROOT, surrogateEscaped)) await io.record(line)
		else {
			const hues = await palette(io, 'stdout', context.env, flags.color)
			for (const line of usageLines(tree.root, {top, hues})) await io.record(line)
		}
		return errors.status
	},
})

type Source = {readonly title: string; readonly sizes: AsyncIterable<Sized> | Iterable<Sized>}

function sourceOf(context: Context, flags: DuValues, args: readonly string[], {failed}: ItemErrors): Source {
	const {cwd, env} = context
	if (flags.stdin) return {title: 'standard input', sizes: sizesOnStdin(context, flags)}
	if (flags.local) {
		const place = requirePlace(cwd, env)
		const index = readIndex(place)
		return {
			title: Buffer.from(place.root, 'latin1').toString(),
			sizes: listLocal({root: place.root, index, onError: failed}),
		}
	}
	const [name, prefix = ''] = args
	const remote = remoteOf(context, flags, name)
	const title = `${remoteUrl(remote)}${Buffer.from(prefix, 'latin1').toString()}`
	return {title, sizes: listed(context, remote, keyOf(prefix), failed)}
}

/** What a listing tells, page by page. */
async function* listed(
	context: Context,
	remote: Remote,
	narrow: string,
	failed: ItemErrors['failed'],
): AsyncIterable<Sized> {
	const {store} = await openRemote(context, remote)
	try {
		for await (const page of listPaths(store, remote.prefix, failed, narrow)) yield* page
	} finally {
		store.close()
	}
}

async function* sizesOnStdin({io}: Context, flags: DuValues): AsyncIterable<Sized> {
	for await (const {path, record} of askedLines(io, flags.null ?? false))
		yield {path, size: record?.size ?? 0}
}

async function writePage({io, cwd}: Context, file: Path, page: string): Promise<void> {
	if (file === '-') return io.record(fromUnicode(page.trimEnd()))
	try {
		writeFileSync(forFs(absolute(cwd, file)), page)
	} catch (error) {
		throw fatal(`cannot write ${shown(file)}: ${reason(error)}`, undefined, error)
	}
}
