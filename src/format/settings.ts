// The settings of a remote whose values have a form, and those that exclude each other: the same for the config
// and for options.

import {usage} from '../base/errors.ts'
import {parseCanned} from './acl.ts'
import {parseGrants} from './grant.ts'
import {parseLockMode, parseRetention} from './object-lock.ts'
import type {Remote} from './remote.ts'
import {parseTags} from './tags.ts'

type Setting = keyof Remote

/** Each throws a usage error for a value that is none. Functions of their own, so that what is not set loads nothing. */
const FORMS: {readonly [name in Setting]?: (text: string) => unknown} = {
	acl: (text) => parseCanned(text),
	grant: (text) => parseGrants(text),
	tag: (text) => parseTags(text),
	lockMode: (text) => parseLockMode(text),
	retainUntil: (text) => parseRetention(text, 0),
	checksum(text) {
		if (text !== 'when-supported' && text !== 'when-required')
			throw usage(`'${text}' is not when checksums are sent`, 'one of when-supported, when-required')
	},
}

/** Of two such settings only one can be. */
const EXCLUSIVE: readonly (readonly [Setting, Setting])[] = [
	['acl', 'grant'],
	['sse', 'sseCustomerKeyFile'],
	['sseKmsKeyId', 'sseCustomerKeyFile'],
	['accelerate', 'endpoint'],
	['accelerate', 'pathStyle'],
	['accelerate', 'fips'],
	['dualstack', 'endpoint'],
	['fips', 'endpoint'],
]

/** A usage error where the text is no value of this setting. */
export const checkSetting = (name: Setting, text: string): unknown => FORMS[name]?.(text)

const isSet = (value: unknown): boolean => value !== undefined && value !== false && value !== ''

/** Two settings that are both given and exclude each other, if there are such. */
export const contradiction = (given: Partial<Remote>): readonly [Setting, Setting] | undefined =>
	EXCLUSIVE.find(([one, other]) => isSet(given[one]) && isSet(given[other]))

/** `before` without what `said`, which counts more, excludes. */
export const withoutExcluded = <R extends Partial<Remote>>(before: R, said: Partial<Remote>): R => {
	const gone = new Set(
		EXCLUSIVE.flatMap(([one, other]) => [
			...(isSet(said[one]) && !isSet(said[other]) ? [other] : []),
			...(isSet(said[other]) && !isSet(said[one]) ? [one] : []),
		]),
	)
	return Object.fromEntries(Object.entries(before).filter(([name]) => !gone.has(name as Setting))) as R
}
