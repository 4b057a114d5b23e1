// s3r presign: print URLs that whoever has them may use for a while.

import {EXIT, fatal, usage} from '../src/base/errors.ts'
import {shown} from '../src/base/quote.ts'
import {parseAge} from '../src/cli/age.ts'
import {askedObjects} from '../src/cli/asked-objects.ts'
import {command} from '../src/cli/command.ts'
import {chosenFlags, recordFlags, remoteFlags, stdinFlags} from '../src/cli/flags.ts'
import {storeName} from '../src/cli/objects.ts'
import {openPresigner, type Presigner} from '../src/store/open.ts'

const HOUR = 3_600_000
/** What S3 allows. */
const WEEK = 168 * HOUR

export default command({
	name: 'presign',
	summary: 'print URLs that whoever has them may use for a while',
	synopsis: [
		'[--put] [--expires <age>] [<option>...] <key>...',
		'--stdin [-z] [--put] [--expires <age>] [<option>...]',
	],
	flags: {
		...stdinFlags,
		null: recordFlags.null,
		put: {type: 'boolean', help: 'URLs to store an object by, not to fetch it'},
		expires: {type: 'string', arg: 'age', help: 'for how long, at most 7d; 1h by default'},
		...chosenFlags,
		...remoteFlags,
	},

	async run(context, flags, args) {
		const lifetime = flags.expires === undefined ? HOUR : parseAge(flags.expires)
		if (lifetime < 1000 || lifetime > WEEK)
			throw usage(`${shown(flags.expires ?? '')} is not from 1s to 7d, which is what S3 allows`)
		const signers = new Map<string, Presigner>()
		try {
			for await (const {key, remote} of askedObjects(context, flags, args)) {
				if (key === '') throw fatal(`'s3://${remote.bucket}' is a bucket`)
				const name = storeName(remote)
				const signer = signers.get(name) ?? (await openPresigner(remote))
				if (!signers.has(name)) warnOfEnd(signer, lifetime, (text) => context.io.say(text))
				signers.set(name, signer)
				const url = signer.urlOf({method: flags.put ? 'PUT' : 'GET', key, expires: lifetime / 1000})
				await context.io.record(url, flags.null)
			}
		} finally {
			for (const signer of signers.values()) signer.close()
		}
		return EXIT.ok
	},
})

function warnOfEnd({expires}: Presigner, lifetime: number, say: (text: string) => void): void {
	if (expires !== undefined && expires < Date.now() + lifetime)
		say(`warning: the credentials expire at ${new Date(expires).toISOString()}, and the URLs with them`)
}
