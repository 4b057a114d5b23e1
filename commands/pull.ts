// s3r pull: bring what changed on the remote here.

import {command} from '../src/cli/command.ts'
import {pullFlags, runPull} from '../src/cli/pulling.ts'
import {placeOf, remoteOf} from '../src/cli/work.ts'

export default command({
	name: 'pull',
	summary: 'bring what changed on the remote here',
	synopsis: ['[<option>...] [<path>...]'],
	flags: pullFlags,

	async run(context, flags, args, ordered) {
		const place = placeOf(context, flags)
		const remote = remoteOf(context, flags)
		return runPull(context, flags, ordered, {place, remote, umask: context.umask, paths: args})
	},
})
