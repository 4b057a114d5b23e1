// Objects get other keys of their bucket: copied by the store, then deleted as they were seen.

import {fatal} from '../base/errors.ts'
import {fromUnicode} from '../base/path.ts'
import {pool} from '../base/pool.ts'
import type {Store} from '../store/store.ts'
import {copyObject, type CopyWishes} from './copy.ts'
import type {Events} from './events.ts'
import {isFinal} from './final.ts'
import type {Doomed, Remover} from './remove.ts'

/** Copies at once. */
const WIDTH = 16

export type ObjectMove = {readonly from: Doomed; readonly to: string}

export type MoveObjectsOptions = CopyWishes & {
	readonly store: Store
	readonly events: Events
	readonly remover: Remover
	readonly pretend?: boolean | undefined
	readonly signal: AbortSignal
}

/** Moves objects; one whose copy is there already, as after a run that died, is only deleted. */
export async function moveObjects(
	moves: AsyncIterable<ObjectMove> | Iterable<ObjectMove>,
	{store, events, remover, signal, ...wishes}: MoveObjectsOptions,
): Promise<void> {
	await pool(moves, {width: WIDTH, signal}, async ({from, to}) => {
		try {
			if (from.key === to) throw fatal('it cannot be moved onto itself')
			const {head, source} = await copyObject(store, from.key, to, wishes)
			const path = fromUnicode(to)
			const record = {path, size: head.size, digest: `etag:${head.etag}` as const}
			events.done({line: {status: 'R', record}, entry: {path}})
			await remover.removeNamed([{key: from.key, etag: source.etag, size: source.size}])
		} catch (error) {
			if (isFinal(error, signal)) throw error
			events.failed(fromUnicode(from.key), error)
		}
	})
}
