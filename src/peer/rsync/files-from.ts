// Names of what is to be sent (--files-from): they come from the client, or stand in a file of the remote.

import type {Path} from '../../base/path.ts'
import type {Catalogue} from './catalogue.ts'
import {RERR, RsyncError} from './errors.ts'
import {NAME_LIMIT} from './flist-errors.ts'
import type {Line} from './line.ts'
import {told} from './told.ts'

/** The names, as the options say where they are. */
export const filesFrom = ({options, input}: Line, catalogue: Catalogue): AsyncIterable<Path> =>
	options.filesFrom === '-' ? namesFrom(input) : namesIn(catalogue, options.filesFrom ?? '', options.from0)

async function* namesIn(catalogue: Catalogue, path: Path, from0: boolean): AsyncIterable<Path> {
	const text = await catalogue.text(path.replace(/^(\.?\/)+/, ''))
	if (text === undefined)
		throw new RsyncError(RERR.fileSelect, `cannot read the names in ${told(path)}: there is no such object`)
	yield* from0 ? text.split('\0') : text.split(/[\r\n]+/).filter((line) => !/^[#;]/.test(line))
}

/** Names that each end in a NUL, up to an empty one. */
async function* namesFrom(input: Line['input']): AsyncIterable<Path> {
	for (;;) {
		const name = await input.read((cursor) => {
			for (let text = ''; ;) {
				const c = cursor.byte()
				if (c === 0) return text
				text += String.fromCharCode(c)
				if (text.length > NAME_LIMIT) throw new RsyncError(RERR.protocol, 'a name is too long')
			}
		})
		if (name === '') return
		yield name
	}
}
