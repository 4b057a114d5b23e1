// s3r create-bucket: create a bucket, or open one to ACLs.

import {EXIT} from '../src/base/errors.ts'
import {createBucket} from '../src/cli/buckets.ts'
import {bucketOf} from '../src/cli/bucket-of.ts'
import {command} from '../src/cli/command.ts'
import {remoteFlags, storedFlags} from '../src/cli/flags.ts'

export default command({
	name: 'create-bucket',
	summary: 'create a bucket, or open one to ACLs',
	synopsis: ['[--versioning] [--acl <name>] [<option>...] <bucket>'],
	flags: {
		versioning: {type: 'boolean', help: 'keep every version of each object from now on'},
		acl: {...storedFlags.acl, help: 'the canned ACL of the bucket'},
		...remoteFlags,
	},
	arity: [1, 1],

	async run(context, flags, [name = '']) {
		const {acl, versioning} = flags
		await createBucket(context, bucketOf(context, flags, name), {acl, versioning})
		return EXIT.ok
	},
})
