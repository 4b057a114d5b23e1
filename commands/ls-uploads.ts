// s3r ls-uploads: list multipart uploads that are not finished.

import {EXIT} from '../src/base/errors.ts'
import {fromUnicode} from '../src/base/path.ts'
import {quote} from '../src/base/quote.ts'
import {command} from '../src/cli/command.ts'
import {recordFlags, remoteFlags} from '../src/cli/flags.ts'
import {openRemote} from '../src/cli/opening.ts'
import {remoteOf, unicode} from '../src/cli/work.ts'
import type {Upload} from '../src/store/store.ts'

export default command({
	name: 'ls-uploads',
	summary: 'list multipart uploads that are not finished',
	synopsis: ['[-z] [--json] [<option>...] [<remote> [<prefix>]]'],
	flags: {null: recordFlags.null, json: recordFlags.json, ...remoteFlags},
	arity: [0, 2],

	async run(context, flags, [name, prefix = '']) {
		const {null: nul = false, json} = flags
		const remote = remoteOf(context, flags, name)
		const {store} = await openRemote(context, remote)
		try {
			for await (const upload of store.listUploads(remote.prefix + unicode(prefix)))
				await context.io.record(json ? jsonOf(upload) : lineOf(upload, nul), nul)
		} finally {
			store.close()
		}
		return EXIT.ok
	},
})

const dateOf = ({initiated}: Upload): string => new Date(initiated).toISOString()

function lineOf(upload: Upload, nul: boolean): string {
	const key = fromUnicode(upload.key)
	return `${upload.id} ${dateOf(upload)}\t${nul ? key : quote(key)}`
}

const jsonOf = (upload: Upload): string =>
	fromUnicode(JSON.stringify({upload: upload.id, initiated: dateOf(upload), key: upload.key}))
