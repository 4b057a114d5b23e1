// s3r adopt: make an index for a tree and a bucket that hold the same already.

import {existsSync, statSync} from 'node:fs'
import {fatal} from '../src/base/errors.ts'
import {forFs, type Path} from '../src/base/path.ts'
import {shown} from '../src/base/quote.ts'
import {command} from '../src/cli/command.ts'
import {
	dryRunFlags,
	ruleFlags,
	progressFlags,
	remoteFlags,
	storedFlags,
	verboseFlags,
} from '../src/cli/flags.ts'
import {owners} from '../src/cli/owners.ts'
import {filesOf, openSession, scanOf, selectionOf, storedAs} from '../src/cli/pushing.ts'
import {makeScratch} from '../src/cli/scratch.ts'
import type {Scope} from '../src/cli/scope.ts'
import {preserveFlags, Report, reportFlags} from '../src/cli/transfer.ts'
import {checkBucket, openRemote} from '../src/cli/opening.ts'
import {lookup, newRemote, unicode} from '../src/cli/work.ts'
import {absolute, join, type Place} from '../src/repo/find.ts'
import {initialize} from '../src/repo/init.ts'
import {namedRemote} from '../src/repo/remotes.ts'
import {adopt} from '../src/sync/adopt.ts'
import {fetch, listPaths} from '../src/sync/fetch.ts'
import {index} from '../src/sync/push.ts'

const {acls, xattrs, 'one-file-system': oneFileSystem} = preserveFlags
const {stats} = reportFlags

/** An adoption is of the whole tree. */
const EVERYTHING: Pick<Scope, 'leading'> = {leading: (selection) => selection}

export default command({
	name: 'adopt',
	summary: 'make an index for a tree and a bucket that hold the same',
	synopsis: ['[-AXnqvx] [--rewrite] [<option>...] <bucket>[/<prefix>] [<directory>]'],
	flags: {
		rewrite: {type: 'boolean', help: 'give the objects our metadata, by copies within the bucket'},
		acls,
		xattrs,
		'one-file-system': oneFileSystem,
		...dryRunFlags,
		...verboseFlags,
		stats,
		...progressFlags,
		...ruleFlags,
		...storedFlags,
		...remoteFlags,
	},
	arity: [1, 2],

	async run(context, flags, [target = '', directory], ordered) {
		const pretend = flags['dry-run']
		const where = unicode(target)
		const remote = namedRemote(where, lookup(context, flags))
		const root = rootOf(absolute(context.cwd, directory ?? '.'), directory ?? '.')
		const opened = await openRemote(context, remote, {pretend})
		const {store} = opened
		const scratch = pretend ? makeScratch() : undefined
		try {
			await checkBucket(opened, remote)
			const place = scratch
				? pretended(root, scratch.place)
				: initialize(root, newRemote(context, flags, where))
			const report = new Report(context, 'push', flags)
			const {events, signal} = report
			const files = filesOf(place, flags)
			const session = await openSession(context, place, pretend)
			try {
				const selection = await selectionOf(context, place, flags, ordered, EVERYTHING)
				await index({session, owners, files, selection, events, signal}, scanOf(place, flags, undefined))
				session.adopt(
					(await fetch(session.index, listPaths(store, remote.prefix, events.failed), signal)).index,
				)
				const {rewrite, verbose = 0} = flags
				const how = {store, session, files, owners, events, signal, pretend, rewrite, same: verbose > 1}
				const {same, here, there} = await adopt({...how, ...storedAs(remote)})
				if (verbose > 0)
					context.io.say(`${same} the same on both sides, ${here} only here, ${there} only on the remote`)
				return await report.finish({}, opened)
			} finally {
				session.end()
			}
		} finally {
			store.close()
			scratch?.remove()
		}
	},
})

function rootOf(root: Path, said: Path): Path {
	if (statSync(forFs(root), {throwIfNoEntry: false})?.isDirectory() !== true)
		throw fatal(`no such directory ${shown(said)}`, "'s3r clone' makes one of what is in a bucket")
	if (root.split('/').includes('.s3rsync')) throw fatal(`${shown(root)} lies in a .s3rsync`)
	return root
}

/** The local side that there is, or would be: its index is only read. */
const pretended = (root: Path, {dir}: Place): Place => {
	const own = join(root, '.s3rsync')
	return {root, dir: existsSync(forFs(join(own, 'config'))) ? own : dir}
}
