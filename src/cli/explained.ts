// What stat-object --explain prints: who says what of an object's file, and who is believed.

import {fromUnicode, type Path} from '../base/path.ts'
import {quote} from '../base/quote.ts'
import {explainMetadata, type Saying} from '../format/foreign.ts'
import {surrogateEscaped} from '../format/json.ts'
import {formatTime} from '../format/record.ts'
import type {Head} from '../store/store.ts'

/** The lines for one object, without their terminators; one in JSON. */
export function explained(
	path: Path,
	key: string,
	head: Head,
	{nul, json}: {nul: boolean; json: boolean},
): string[] {
	const sayings = explainMetadata(head.metadata, {key, ...head}).map((saying) => ({
		...saying,
		value: valueOf(saying),
	}))
	if (json) {
		const fields = sayings.map(({field, convention, won, value}) => ({
			field,
			convention,
			won,
			value: surrogateEscaped(value),
		}))
		return [fromUnicode(JSON.stringify({path: surrogateEscaped(path), fields}))]
	}
	const name = nul ? path : quote(path)
	if (sayings.length === 0) return [`none\t${name}`]
	return sayings.map(
		({field, convention, won, value}) =>
			`${field} ${convention} ${won ? 'won' : 'lost'} ${nul ? value : quote(value)}\t${name}`,
	)
}

/** The value of a field as text, a byte string: times and devices as in records, of xattrs the names. */
function valueOf({field, attributes}: Saying): string {
	const {mode = 0, mtime = 0n, rdev, original, xattrs = []} = attributes
	if (field === 'mode') return mode.toString(8)
	if (field === 'mtime') return formatTime(mtime)
	if (field === 'rdev') return `${rdev?.major}:${rdev?.minor}`
	if (field === 'original') return `${original?.encoding}:${original?.size}:${original?.md5}`
	if (field === 'xattrs') return xattrs.map(([name]) => name).join(',')
	return fromUnicode(String(attributes[field]))
}
