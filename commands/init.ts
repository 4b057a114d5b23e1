// s3r init: make a directory the local side of a remote.

import {EXIT, fatal} from '../src/base/errors.ts'
import {shown} from '../src/base/quote.ts'
import {command} from '../src/cli/command.ts'
import {remoteFlags, storedFlags} from '../src/cli/flags.ts'
import {createBucket} from '../src/cli/buckets.ts'
import {lookup, newRemote, unicode} from '../src/cli/work.ts'
import {initialize} from '../src/repo/init.ts'
import {namedRemote} from '../src/repo/remotes.ts'

export default command({
	name: 'init',
	summary: 'make a directory the local side of a remote',
	synopsis: ['[--create-bucket] [<option>...] <bucket>[/<prefix>]'],
	flags: {
		'create-bucket': {type: 'boolean', help: 'create the bucket if it does not exist'},
		...storedFlags,
		...remoteFlags,
	},
	arity: [1, 1],

	async run(context, flags, [target = '']) {
		const remote = newRemote(context, flags, unicode(target))
		if (context.cwd.split('/').includes('.s3rsync')) throw fatal(`${shown(context.cwd)} lies in a .s3rsync`)
		if (flags['create-bucket'])
			await createBucket(context, namedRemote(unicode(target), lookup(context, flags)), {acl: flags.acl})
		initialize(context.cwd, remote)
		return EXIT.ok
	},
})
