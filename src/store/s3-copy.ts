// A copy within the bucket, on the server, in one request.

import type {S3Connection} from './s3-connection.ts'
import type {Guards} from './s3-guard.ts'
import type {CopyOptions, Written} from './store.ts'

export function copy(
	at: S3Connection,
	guards: Guards,
	from: string,
	to: string,
	options: CopyOptions,
): Promise<Written> {
	const {size, sourceIfMatch, sourceVersion} = options
	const condition = {ifMatch: sourceIfMatch ?? options.ifMatch}
	const verb = options.ifNoneMatch === undefined ? 'copy over' : 'copy'
	return guards.write(to, options, verb, (guard) =>
		at.ask({key: from, condition}, (wire) =>
			wire.copy(from, to, {properties: options, guard, size, sourceIfMatch, sourceVersion}),
		),
	)
}
