// s3r create-bucket: create a bucket, or open one to ACLs.

import {EXIT} from '../src/base/errors.ts'
import {createBucket} from '../src/cli/buckets.ts'
import {bucketOf} from '../src/cli/bucket-of.ts'
import {command} from '../src/cli/command.ts'
import {remoteFlags, storedFlags} from '../src/cli/flags.ts'

export default command({
	name: 'create-bucket',
	summary: 'create a bucket, or open one to ACLs',
	synopsis: ['[--versioning] [--object-lock] [--acl <name>] [<option>...] <bucket>'],
	flags: {
		versioning: {type: 'boolean', help: 'keep every version of each object from now on'},
		'object-lock': {type: 'boolean', help: 'a new bucket whose versions can be locked'},
		acl: {...storedFlags.acl, help: 'the canned ACL of the bucket'},
		...remoteFlags,
	},
	arity: [1, 1],

	async run(context, flags, [name = '']) {
		const {acl, versioning, 'object-lock': objectLock} = flags
		await createBucket(context, bucketOf(context, flags, name), {acl, versioning, objectLock})
		return EXIT.ok
	},
})
