// s3r abort-uploads: end the multipart uploads that lines of ls-uploads name.

import {fatal} from '../src/base/errors.ts'
import {inOrder} from '../src/base/in-order.ts'
import {fromUnicode, toUnicode} from '../src/base/path.ts'
import {shown, unquote} from '../src/base/quote.ts'
import {command, type Context} from '../src/cli/command.ts'
import {requireStdin} from '../src/cli/executing.ts'
import {chosenFlags, dryRunFlags, recordFlags, remoteFlags, stdinFlags} from '../src/cli/flags.ts'
import {itemErrors} from '../src/cli/item-errors.ts'
import {openRemote} from '../src/cli/opening.ts'
import {ownPlace, remoteOf} from '../src/cli/work.ts'
import {forgetUpload, listUploadRecords} from '../src/repo/uploads.ts'
import {isFinal} from '../src/sync/final.ts'

/** Uploads that are ended at once. */
const WIDTH = 16

export default command({
	name: 'abort-uploads',
	summary: 'end multipart uploads, and drop their parts',
	synopsis: ['--stdin [-nz] [<option>...] [<remote>]'],
	flags: {
		...stdinFlags,
		null: recordFlags.null,
		...dryRunFlags,
		...chosenFlags,
		...remoteFlags,
	},
	arity: [0, 1],

	async run(context, flags, [name]) {
		requireStdin(flags)
		const {io, signal} = context
		const {null: nul = false, 'dry-run': pretend} = flags
		const remote = remoteOf(context, flags, name)
		const place = ownPlace(context, flags)
		const ours = new Map(Array.from(place ? listUploadRecords(place) : [], ({id, path}) => [id, path]))
		const errors = itemErrors(context)
		const {store} = await openRemote(context, remote, {pretend})
		const end = async (upload: Line) => {
			try {
				await store.abortUpload(upload.key, upload.id)
				const path = ours.get(upload.id)
				if (place && path !== undefined && !pretend) forgetUpload(place, path)
				return {upload}
			} catch (error) {
				if (isFinal(error)) throw error
				return {upload, error}
			}
		}
		try {
			for await (const {upload, error} of inOrder(lines(context, nul), {width: WIDTH, signal}, end))
				if (error === undefined) await io.record(upload.line, nul)
				else errors.failed(fromUnicode(upload.key), error)
		} finally {
			store.close()
		}
		return errors.status
	},
})

type Line = {readonly line: string; readonly id: string; readonly key: string}

async function* lines({io}: Context, nul: boolean): AsyncIterable<Line> {
	for await (const line of io.stdinRecords(nul)) {
		if (line === '') continue
		const [, id, written = ''] = /^(\S+)(?: [^\t]*)?\t(.+)$/s.exec(line) ?? []
		const key = toUnicode((nul ? written : unquote(written)) ?? '')
		if (id === undefined || !key)
			throw fatal(
				`not an upload: ${shown(line)}`,
				"a line is <upload-id> <date> TAB <key>, as 's3r ls-uploads' prints",
			)
		yield {line, id, key}
	}
}
