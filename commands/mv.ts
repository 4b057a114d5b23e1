// s3r mv: give files another name, here and on the remote; or objects another key.

import {fatal, usage} from '../src/base/errors.ts'
import {nameOf, type Path, withoutSlash} from '../src/base/path.ts'
import {command, type Context, type Values} from '../src/cli/command.ts'
import {chosenFlags, dryRunFlags, remoteFlags, verboseFlags} from '../src/cli/flags.ts'
import {objectsBelow, ownRemote, pathBelowRemote, Stores} from '../src/cli/objects.ts'
import {diskOf} from '../src/cli/pulling.ts'
import {owners} from '../src/cli/owners.ts'
import {filesOf, openSession, storedAs} from '../src/cli/pushing.ts'
import {Report} from '../src/cli/transfer.ts'
import {openRemote} from '../src/cli/opening.ts'
import {lookup, objectOf, ownPlace, remoteOf} from '../src/cli/work.ts'
import {pathBelow, type Place} from '../src/repo/find.ts'
import {TYPE, typeOf} from '../src/format/entry.ts'
import {namesObject} from '../src/repo/remotes.ts'
import type {Store} from '../src/store/store.ts'
import {isFinal} from '../src/sync/final.ts'
import {move, wasMoved} from '../src/sync/move.ts'
import {moveObjects, type ObjectMove} from '../src/sync/move-objects.ts'
import {Remover} from '../src/sync/remove.ts'

const flagsOfMove = {
	recursive: {type: 'boolean', short: 'r', help: 'of objects, move all that is below a key'},
	force: {type: 'boolean', short: 'f', help: 'replace what is there'},
	...dryRunFlags,
	...verboseFlags,
	...chosenFlags,
	...remoteFlags,
} as const
type MoveValues = Values<typeof flagsOfMove>

export default command({
	name: 'mv',
	summary: 'give files another name, here and on the remote',
	synopsis: [
		'[-fnqv] [<option>...] <path>... <path>',
		'[-fnqrv] [<option>...] <bucket>/<key>... <bucket>/<key>',
	],
	flags: flagsOfMove,
	arity: [2, Infinity],

	async run(context, flags, args) {
		const where = lookup(context, flags)
		const place = ownPlace(context, flags)
		const areObjects = args.map((arg) => place === undefined || namesObject(arg, where))
		if (areObjects.every((is) => is)) return moveOnRemote(context, flags, args)
		if (areObjects.some((is) => is) || !place)
			throw usage(
				'a file cannot be moved to an object, nor back',
				"'s3r put' and 's3r get' copy, 's3r rm' deletes",
			)
		if (flags.recursive)
			throw usage("'--recursive' is of objects: a directory is moved with all that is in it")
		return moveFiles(context, flags, args, place)
	},
})

async function moveFiles(
	context: Context,
	flags: MoveValues,
	args: readonly string[],
	place: Place,
): Promise<number> {
	const remote = remoteOf(context, flags)
	const {'dry-run': pretend, force} = flags
	const paths = args.map((arg) => pathOf(context, place, arg))
	const target = paths.at(-1) ?? ''
	const sources = paths.slice(0, -1)
	const report = new Report(context, 'push', flags)
	const disk = diskOf(place, flags)
	const session = await openSession(context, place, pretend)
	report.keepLog(place, 'mv', remote)
	const {store} = await openRemote(context, remote, {pretend})
	try {
		const found = target === '' ? undefined : disk.stat(target)
		const isDirectory = target === '' || (found !== undefined && typeOf(found.mode) === TYPE.directory)
		if (!isDirectory && (sources.length > 1 || args.at(-1)?.endsWith('/') === true))
			throw fatal('the last path is not a directory')
		for (const from of sources) {
			report.signal.throwIfAborted()
			const options = {
				store,
				disk,
				session,
				pretend,
				force,
				owners,
				files: filesOf(place, {}),
				...storedAs(remote),
				events: report.events,
				signal: report.signal,
			}
			const into = target === '' ? nameOf(from) : `${target}/${nameOf(from)}`
			// a directory that a run which died made of the source is none to move it into
			const isMade = target !== '' && wasMoved(options, {from, to: target})
			try {
				await move({from, to: isDirectory && !isMade ? into : target}, options)
			} catch (error) {
				if (isFinal(error, context.signal)) throw error
				report.events.failed(from, error)
			}
		}
		return await report.finish({}, undefined)
	} finally {
		store.close()
		disk.close()
		report.endLog()
		session.end()
	}
}

/** A path below the root, which itself stays where it is as a source. */
const pathOf = (context: Context, place: Place, arg: Path): Path =>
	withoutSlash(pathBelow(place, context.cwd, arg))

async function moveOnRemote(context: Context, flags: MoveValues, args: readonly string[]): Promise<number> {
	const {signal} = context
	const {'dry-run': pretend, force} = flags
	const objects = args.map((arg) => objectOf(context, flags, arg))
	const [target, ...sources] = [objects.at(-1), ...objects.slice(0, -1)]
	const place = ownPlace(context, flags)
	const own = ownRemote(context, flags)
	const report = new Report(context, 'push', flags)
	const {events} = report
	const stores = new Stores(context, {pretend})
	const session = place && (await openSession(context, place, pretend))
	if (place && own) report.keepLog(place, 'mv', own)
	try {
		for (const {key, remote} of sources) {
			if (!target) break
			if (remote.bucket !== target.remote.bucket || remote.endpoint !== target.remote.endpoint)
				throw fatal(
					'objects stay in their bucket',
					"'s3r cat-object' and 's3r put -' copy from one to another",
				)
			const isInto = target.key === '' || target.key.endsWith('/')
			if (sources.length > 1 && !isInto) throw fatal("several objects need a key that ends in '/'")
			const store = await stores.of(remote)
			const to = isInto ? target.key + nameOf(key) : target.key
			if (flags.recursive && `${to}/`.startsWith(`${withoutSlash(key)}/`))
				throw fatal('what is below a key cannot be moved into itself')
			const pathOfKey = (found: string) => pathBelowRemote(own, remote, found)
			const remover = new Remover({store, events, session, force, pathOf: pathOfKey, signal})
			const moves = flags.recursive ? movesBelow(store, withoutSlash(key), to) : [{from: {key}, to}]
			await moveObjects(moves, {store, events, remover, force, signal})
		}
		return await report.finish({}, undefined)
	} finally {
		await stores.close()
		report.endLog()
		session?.end()
	}
}

/** The moves of an object and of all below it. */
async function* movesBelow(store: Store, key: string, to: string): AsyncIterable<ObjectMove> {
	if (key === '') throw fatal('a bucket cannot be moved')
	let count = 0
	for await (const from of objectsBelow(store, key)) {
		count++
		yield {from, to: to + from.key.slice(key.length)}
	}
	if (count === 0) throw fatal(`nothing is below '${key}'`)
}
