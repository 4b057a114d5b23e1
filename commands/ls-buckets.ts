// s3r ls-buckets: list the buckets of the account.

import {EXIT} from '../src/base/errors.ts'
import {command} from '../src/cli/command.ts'
import {exclusive} from '../src/cli/exclusive.ts'
import {recordFlags, remoteFlags} from '../src/cli/flags.ts'
import {lookup} from '../src/cli/work.ts'
import {account} from '../src/repo/remotes.ts'
import {listBuckets} from '../src/store/open.ts'
import type {Bucket} from '../src/store/store.ts'

const {null: nul, json, 'name-only': nameOnly} = recordFlags
const {endpoint, region, profile} = remoteFlags

export default command({
	name: 'ls-buckets',
	summary: 'list the buckets of the account',
	synopsis: ['[-z] [--json | --name-only] [<option>...]'],
	flags: {null: nul, json, 'name-only': nameOnly, endpoint, region, profile},
	arity: [0, 0],

	async run(context, flags) {
		const {null: isNul, json: asJson, 'name-only': nameAlone} = flags
		exclusive(flags, 'json', 'name-only')
		const format = asJson ? jsonOf : nameAlone ? ({name}: Bucket) => name : lineOf
		const buckets = await listBuckets(account(lookup(context, flags)), {signal: context.signal})
		for (const bucket of buckets) await context.io.record(format(bucket), isNul)
		return EXIT.ok
	},
})

const dateOf = ({created}: Bucket): string | undefined =>
	created === undefined ? undefined : new Date(created).toISOString()

const lineOf = (bucket: Bucket): string => `${dateOf(bucket) ?? '-'}\t${bucket.name}`

const jsonOf = (bucket: Bucket): string => JSON.stringify({bucket: bucket.name, created: dateOf(bucket)})
