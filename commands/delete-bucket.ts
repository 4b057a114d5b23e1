// s3r delete-bucket: delete an empty bucket.

import {EXIT} from '../src/base/errors.ts'
import {bucketOf} from '../src/cli/bucket-of.ts'
import {command} from '../src/cli/command.ts'
import {remoteFlags} from '../src/cli/flags.ts'
import {openRemote} from '../src/cli/opening.ts'

export default command({
	name: 'delete-bucket',
	summary: 'delete an empty bucket',
	synopsis: ['[<option>...] <bucket>'],
	flags: remoteFlags,
	arity: [1, 1],

	async run(context, flags, [name = '']) {
		const {store} = await openRemote(context, bucketOf(context, flags, name))
		try {
			await store.deleteBucket()
		} finally {
			store.close()
		}
		return EXIT.ok
	},
})
