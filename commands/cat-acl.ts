// s3r cat-acl: print the grants of an object or a bucket.

import {EXIT, usage} from '../src/base/errors.ts'
import {fromUnicode} from '../src/base/path.ts'
import {shown} from '../src/base/quote.ts'
import {bucketOf} from '../src/cli/bucket-of.ts'
import {command} from '../src/cli/command.ts'
import {chosenFlags, recordFlags, remoteFlags} from '../src/cli/flags.ts'
import {openRemote} from '../src/cli/opening.ts'
import {objectOf} from '../src/cli/work.ts'
import {formatGrant, type Grant} from '../src/format/acl.ts'

export default command({
	name: 'cat-acl',
	summary: 'print the grants of an object or a bucket',
	synopsis: ['[--json] [<option>...] <key>', '[--json] [<option>...] --bucket <bucket>'],
	flags: {
		bucket: {type: 'string', arg: 'bucket', help: 'the ACL of a bucket'},
		json: recordFlags.json,
		...chosenFlags,
		...remoteFlags,
	},
	arity: [0, 1],

	async run(context, flags, [key]) {
		const {bucket, json} = flags
		if (bucket !== undefined && key !== undefined) throw usage("'--bucket' and a key exclude each other")
		if (bucket === undefined && key === undefined) throw usage("a key or '--bucket' is missing")
		const named =
			bucket === undefined
				? objectOf(context, flags, key ?? '')
				: {remote: bucketOf(context, flags, bucket), key: undefined}
		if (named.key === '') throw usage(`${shown(key ?? '')} is a bucket`, "its ACL is printed by '--bucket'")
		const {store} = await openRemote(context, named.remote)
		try {
			const {grants} = await store.getAcl(named.key)
			for (const grant of grants)
				await context.io.record(fromUnicode(json ? jsonOf(grant) : formatGrant(grant)))
		} finally {
			store.close()
		}
		return EXIT.ok
	},
})

const jsonOf = ({permission, grantee}: Grant): string => JSON.stringify({permission, ...grantee})
