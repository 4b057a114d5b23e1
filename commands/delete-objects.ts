// s3r delete-objects: delete the objects that lines on stdin name.

import {fatal} from '../src/base/errors.ts'
import {gathered} from '../src/base/gather.ts'
import {type AskedObject, objectsOnStdin} from '../src/cli/asked-objects.ts'
import {command} from '../src/cli/command.ts'
import {requireStdin} from '../src/cli/executing.ts'
import {chosenFlags, dryRunFlags, recordFlags, remoteFlags, stdinFlags} from '../src/cli/flags.ts'
import {ownRemote, pathBelowRemote, storeName, Stores} from '../src/cli/objects.ts'
import {RecordPrinter} from '../src/cli/print.ts'
import {openSession} from '../src/cli/pushing.ts'
import {Report} from '../src/cli/transfer.ts'
import {ownPlace} from '../src/cli/work.ts'
import type {Events} from '../src/sync/events.ts'
import {BATCH, type Doomed, Remover} from '../src/sync/remove.ts'

export default command({
	name: 'delete-objects',
	summary: 'delete the objects that lines name',
	synopsis: ['--stdin [-nz] [--force] [<option>...]'],
	flags: {
		...stdinFlags,
		...recordFlags,
		force: {type: 'boolean', help: 'delete what somebody else changed, too'},
		...dryRunFlags,
		...chosenFlags,
		...remoteFlags,
	},
	arity: [0, 0],

	async run(context, flags) {
		requireStdin(flags)
		const {signal} = context
		const {force, 'dry-run': pretend} = flags
		const printer = new RecordPrinter(context.io, flags)
		const place = ownPlace(context, flags)
		const own = ownRemote(context, flags)
		const report = new Report(context, 'push', {'dry-run': pretend ?? false})
		const events: Events = {
			...report.events,
			done: (item) => {
				report.events.done(item)
				report.print(() => printer.diff(item.line))
			},
		}
		const stores = new Stores(context, {pretend})
		const session = place && (await openSession(context, place, pretend))
		if (place && own) report.keepLog(place, 'delete-objects', own)
		try {
			for await (const batch of gathered(objectsOnStdin(context, flags), BATCH)) {
				signal.throwIfAborted()
				for (const group of byStore(batch.filter((one) => isDeletion(one, events)))) {
					const [{remote}] = group
					const pathOf = (key: string) => pathBelowRemote(own, remote, key)
					const store = await stores.of(remote)
					await new Remover({store, events, session, force, pathOf, signal}).removeNamed(group.map(doomed))
				}
			}
			return await report.finish({}, undefined)
		} finally {
			report.endLog()
			session?.end()
			await stores.close()
		}
	},
})

/** Whether a line may ask for a deletion: that of a plan says what it is for. */
function isDeletion({path, status, key}: AskedObject, {failed}: Events): boolean {
	if (key === '') failed(path, fatal('it is a bucket'))
	else if (status !== undefined && status !== 'D')
		failed(path, fatal(`its line says '${status}', and 'D' is what is deleted`))
	else return true
	return false
}

type Group = [AskedObject, ...AskedObject[]]

/** The objects, those of one bucket together. */
function byStore(objects: readonly AskedObject[]): Group[] {
	const groups = new Map<string, Group>()
	for (const one of objects) {
		const name = storeName(one.remote)
		const group = groups.get(name)
		if (group) group.push(one)
		else groups.set(name, [one])
	}
	return [...groups.values()]
}

const doomed = ({key, record}: AskedObject): Doomed => ({
	key,
	size: record?.size,
	etag: record?.digest?.startsWith('etag:') ? record.digest.slice('etag:'.length) : undefined,
})
