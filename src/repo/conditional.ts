// What was found out of a store is remembered in the config: whether it obeys guarded writes.

import {parseConfig} from '../format/config.ts'
import {parseKey, setValue} from '../format/config-text.ts'
import type {Remote} from '../format/remote.ts'
import type {Place} from './find.ts'
import {configFile, readConfigText, writeConfigText} from './remotes.ts'

/** Notes it in every remote of the config that is this bucket and prefix; false where there is none. */
export function rememberConditional(place: Place, {bucket, prefix}: Remote, conditional: boolean): boolean {
	const file = configFile(place)
	const old = readConfigText(file)
	const names = [...parseConfig(old, file).remotes]
		.filter(([, known]) => known.bucket === bucket && known.prefix === prefix)
		.map(([name]) => name)
	const text = names.reduce(
		(at, name) => setValue(at, parseKey(`remote.${name}.conditional`), String(conditional), file),
		old,
	)
	if (text !== old) writeConfigText(file, text)
	return names.length > 0
}
