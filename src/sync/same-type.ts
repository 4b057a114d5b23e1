// The type of an object, which its ETag does not tell: a link's target may be what a file holds.

import {isDirectory} from '../base/path.ts'
import {type Entry, TYPE, typeOf} from '../format/entry.ts'
import {decodeMetadata} from '../format/foreign.ts'
import {type Head, StoreError} from '../store/store.ts'
import type {Sender} from './send.ts'

/** Whether an object is of the type that the file here has; one that says nothing is a file. */
export function isOfType(key: string, head: Head, {path, local}: Entry): boolean {
	if (isDirectory(path)) return true
	const {mode} = decodeMetadata(head.metadata, {key, ...head}).attributes
	return (mode === undefined ? TYPE.file : typeOf(mode)) === typeOf(local?.mode ?? 0)
}

/** Rejects with 'precondition' where the remote's object, of the same bytes, is of another type. */
export async function needSameType(sender: Sender, entry: Entry): Promise<void> {
	const key = sender.objectKey(entry)
	const head = await sender.options.store.head(key)
	if (head && !isOfType(key, head, entry))
		throw new StoreError('precondition', 'PreconditionFailed', 'the object is of another type')
}
