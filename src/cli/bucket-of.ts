// A bucket as an argument.

import {usage} from '../base/errors.ts'
import {shown} from '../base/quote.ts'
import type {Remote} from '../format/remote.ts'
import {namedObject} from '../repo/remotes.ts'
import type {Context} from './command.ts'
import type {RemoteValues, StoredValues} from './flags.ts'
import {lookup, unicode} from './work.ts'

/** The bucket that an argument names, `bucket` or `s3://bucket`; a usage error if it names more. */
export function bucketOf(context: Context, flags: RemoteValues & StoredValues, arg: string): Remote {
	const {remote, key} = namedObject(unicode(arg), lookup(context, flags))
	if (key !== '') throw usage(`${shown(arg)} is not a bucket but a key in one`)
	return remote
}
