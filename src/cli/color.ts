// Colours: the one file that imports chalk, and only where something is to be coloured.

import {usage} from '../base/errors.ts'
import {shown} from '../base/quote.ts'
import type {Io} from './io.ts'

const HUES = ['bold', 'dim', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan'] as const
export type Palette = Readonly<Record<(typeof HUES)[number], (text: string) => string>>

const PLAIN = Object.fromEntries(HUES.map((hue) => [hue, (text: string) => text])) as Palette

/**
 * The colours for one stream. `when` is the value of `--color`; 'auto', the default, obeys NO_COLOR,
 * then FORCE_COLOR, then whether a person looks at the stream.
 */
export async function palette(
	io: Io,
	stream: 'stdout' | 'stderr',
	env: NodeJS.ProcessEnv,
	when = 'auto',
): Promise<Palette> {
	if (!['auto', 'always', 'never'].includes(when))
		throw usage(`bad value ${shown(when)} of '--color'`, 'one of auto, always, never')
	if (!wanted(when, env, io.isTerminal(stream))) return PLAIN

	const {Chalk, supportsColor, supportsColorStderr} = await import('chalk')
	const supported = stream === 'stdout' ? supportsColor : supportsColorStderr
	return new Chalk({level: supported ? supported.level : 1})
}

function wanted(when: string, env: NodeJS.ProcessEnv, terminal: boolean): boolean {
	if (when !== 'auto') return when === 'always'
	if ((env['NO_COLOR'] ?? '') !== '') return false
	const force = env['FORCE_COLOR']
	if (force !== undefined) return force !== '0' && force !== 'false'
	return terminal && env['TERM'] !== 'dumb'
}
