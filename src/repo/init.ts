// Making a local side.

import {readConfigText, configFile, DEFAULT_REMOTE, writeConfigText} from './remotes.ts'
import {createPlace, type Place} from './find.ts'
import {parseConfig, remoteValues} from '../format/config.ts'
import {parseKey, setValue} from '../format/config-text.ts'
import {fatal} from '../base/errors.ts'
import type {Path} from '../base/path.ts'
import {shown} from '../base/quote.ts'
import {type Remote, remoteUrl} from '../format/remote.ts'
import {VERSION} from '../format/index-layout.ts'

/**
 * Makes `.s3rsync` in `root` with this remote, or changes how the remote of one that is there is
 * reached. Another bucket or prefix than its index speaks of is refused.
 */
export function initialize(root: Path, remote: Remote): Place {
	const place = createPlace(root)
	const file = configFile(place)
	const old = readConfigText(file)
	const known = parseConfig(old, file).remotes.get(DEFAULT_REMOTE)
	if (known && (known.bucket !== remote.bucket || known.prefix !== remote.prefix))
		throw fatal(
			`${shown(place.dir)} is there already, with the remote ${remoteUrl(known)}`,
			'remove it to begin anew; no file and no object is lost by that',
		)
	const values = [['core.indexversion', String(VERSION)] as const, ...remoteValues(DEFAULT_REMOTE, remote)]
	const text = values.reduce((at, [key, value]) => setValue(at, parseKey(key), value, file), old)
	if (text !== old) writeConfigText(file, text)
	return place
}
