// s3r create-bucket: create a bucket, or open one to ACLs.

import {EXIT} from '../src/base/errors.ts'
import {createBucket} from '../src/cli/buckets.ts'
import {bucketOf} from '../src/cli/bucket-of.ts'
import {command} from '../src/cli/command.ts'
import {remoteFlags, storedFlags} from '../src/cli/flags.ts'

export default command({
	name: 'create-bucket',
	summary: 'create a bucket, or open one to ACLs',
	synopsis: ['[--acl <name>] [<option>...] <bucket>'],
	flags: {
		acl: {...storedFlags.acl, help: 'the canned ACL of the bucket'},
		...remoteFlags,
	},
	arity: [1, 1],

	async run(context, flags, [name = '']) {
		await createBucket(context, bucketOf(context, flags, name), flags.acl)
		return EXIT.ok
	},
})
