// Objects that arguments name, or the lines on stdin.

import {usage} from '../base/errors.ts'
import {fromUnicode, type Path} from '../base/path.ts'
import {keyOf, pathOf} from '../format/key.ts'
import type {FileRecord, Status} from '../format/record.ts'
import type {Named} from '../repo/remotes.ts'
import {namedObject} from '../repo/remotes.ts'
import type {Context} from './command.ts'
import type {RemoteValues} from './flags.ts'
import {type Asked, askedLines} from './input.ts'
import {lookup, objectOf, remoteOf, unicode} from './work.ts'

export type AskedObject = Named & {
	/** Below the remote; the whole key where it is not the name of a file. */
	readonly path: Path
	/** What a line said of it. */
	readonly status?: Status | undefined
	readonly record?: FileRecord | undefined
}

type BatchValues = RemoteValues & {readonly stdin?: boolean; readonly null?: boolean}

/** The objects of the arguments, or with --stdin those of the lines; a usage error for both or neither. */
export function askedObjects(
	context: Context,
	flags: BatchValues,
	args: readonly string[],
): AsyncIterable<AskedObject> | Iterable<AskedObject> {
	if (flags.stdin && args.length > 0) throw usage("'--stdin' and a key exclude each other")
	if (!flags.stdin && args.length === 0) throw usage("a key or '--stdin' is missing")
	if (!flags.stdin) return args.map((arg) => withPath(objectOf(context, flags, arg)))
	return objectsOnStdin(context, flags)
}

/** The objects that the lines on stdin name. */
export async function* objectsOnStdin(context: Context, flags: BatchValues): AsyncIterable<AskedObject> {
	const objectAt = objectsOfLines(context, flags)
	for await (const asked of askedLines(context.io, flags.null ?? false)) yield objectAt(asked)
}

/**
 * How lines name objects: by paths below the remote in use, wherever the command is called, or as `s3://bucket/key`,
 * for which no remote is needed.
 */
export function objectsOfLines(context: Context, flags: RemoteValues): (asked: Asked) => AskedObject {
	const where = lookup(context, flags)
	let own: Named['remote'] | undefined
	return ({path, status, record}) => {
		if (path.startsWith('s3://')) return withPath(namedObject(unicode(path), where))
		own ??= remoteOf(context, flags)
		return {remote: own, key: own.prefix + keyOf(path), path, status, record}
	}
}

/** An object with its path below its remote. */
export function withPath({remote, key}: Named): AskedObject {
	const rest = key.startsWith(remote.prefix) ? key.slice(remote.prefix.length) : ''
	const whole = key === '' ? `s3://${remote.bucket}` : key
	return {remote, key, path: (rest === '' ? undefined : pathOf(rest)) ?? fromUnicode(whole)}
}
