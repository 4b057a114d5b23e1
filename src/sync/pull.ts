// pull: the remote is listed, the files are looked at, and what the remote has newer is fetched.

import type {Path} from '../base/path.ts'
import {fetch, listPaths} from './fetch.ts'
import {asked, index, inPasses, type Outcome, type PlanChoices, type PushOptions} from './push.ts'
import {receive, type ReceiveOptions} from './receive.ts'
import type {Files} from './files.ts'
import {learnRules} from './remote-rules.ts'
import type {Selection} from './select.ts'
import {beginEarly} from './crew-share.ts'

export type PullOptions = ReceiveOptions & {
	readonly files: Files
	readonly scan: NonNullable<PushOptions['scan']>
	readonly selection?: Selection | undefined
	/** Only these paths and what is below them are fetched. */
	readonly within?: ((path: Path) => boolean) | undefined
	readonly force?: boolean | undefined
} & PlanChoices

/** Pulls; the session is saved by the caller. Resolves when all is done that could be. */
export async function pull(options: PullOptions): Promise<Outcome> {
	try {
		return await pulled(options)
	} finally {
		await options.crew?.end()
	}
}

async function pulled(options: PullOptions): Promise<Outcome> {
	const {session, store, prefix, events, signal} = options
	const unread = await index(options, options.scan)
	const fetched = await fetch(
		session.index,
		listPaths(store, prefix, events.failed),
		signal,
		session.building,
	)
	beginEarly(options.crew, {known: session.index.count, count: fetched.index.count})
	if (fetched.changed) session.adopt(fetched.index)
	const {selection} = options
	if (selection) await learnRules('pull', {...options, selection, open: async () => store})
	return inPasses('pull', unread, options, (items) => receive(asked(items, 'pull', options), options))
}
