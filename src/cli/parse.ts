// Arguments to options and operands.

import {parseArgs} from 'node:util'
import {usage} from '../base/errors.ts'
import {shown} from '../base/quote.ts'
import type {Flag, Flags, Ordered, Values} from './command.ts'
import {didYouMean} from './nearest.ts'

export type Parsed<F extends Flags> = {
	readonly flags: Values<F>
	readonly args: readonly string[]
	readonly ordered: readonly Ordered[]
	/** `-h` asks for the usage, `--help` for the manual page; nothing else was looked at then. */
	readonly asks?: 'usage' | 'manual'
}

/** As parseArgs describes an option it found. `-avz` are three of them with one index. */
type Option = {readonly name: string; readonly rawName: string; readonly value?: string | undefined}

/**
 * Splits `argv` into options and operands, in any order; `--` ends the options. An operand may be
 * `-` or a negative number. A value may begin with `-`, as in `--exclude -x`.
 *
 * Throws a usage error for an option that `flags` does not have.
 */
export function parse<F extends Flags>(flags: F, argv: readonly string[]): Parsed<F> {
	// node takes half a millisecond to load its parser
	if (argv.length === 0) return {flags: {}, args: [], ordered: []}
	const {tokens} = parseArgs({
		args: [...argv],
		options: flags,
		allowPositionals: true,
		strict: false,
		tokens: true,
	})
	const values: Record<string, boolean | number | string | string[]> = {}
	const args: string[] = []
	const ordered: Ordered[] = []
	let numberAt = -1

	for (const token of tokens) {
		if (token.kind === 'positional') args.push(token.value)
		if (token.kind !== 'option') continue

		const text = argv[token.index] ?? ''
		if (text === '-h' && !hasShort(flags, 'h')) return {flags: {}, args: [], ordered: [], asks: 'usage'}
		if (text === '--help') return {flags: {}, args: [], ordered: [], asks: 'manual'}

		if (isNegativeNumber(text) && !hasShort(flags, text.charAt(1))) {
			if (token.index !== numberAt) args.push(text)
			numberAt = token.index
			continue
		}
		const {name, flag, negated} = resolve(flags, token, text)
		if (flag.type === 'string') {
			const value = token.value
			if (value === undefined) throw usage(`option '${token.rawName}' needs a value`)
			ordered.push({name, value})
			values[name] = flag.multiple === true ? [...((values[name] as string[]) ?? []), value] : value
		} else {
			if (token.value !== undefined) throw usage(`option '${token.rawName}' takes no value`)
			if (!negated) ordered.push({name, value: ''})
			if (flag.count === true) values[name] = negated ? 0 : Number(values[name] ?? 0) + 1
			else values[name] = !negated
		}
	}
	return {flags: values as Values<F>, args, ordered}
}

/** All of `argv` as operands, but for a lone `-h` or `--help`. */
export function parseRaw(argv: readonly string[]): Parsed<Flags> {
	const asks = argv.length > 1 ? undefined : {'-h': 'usage', '--help': 'manual'}[argv[0] ?? '']
	return {flags: {}, args: argv, ordered: [], ...(asks && {asks: asks as 'usage' | 'manual'})}
}

const isNegativeNumber = (text: string) => /^-\d+(\.\d+)?$/.test(text)

const hasShort = (flags: Flags, short: string) => Object.values(flags).some((f) => f.short === short)

/** The flag that an option names; `text` is the whole argument it stands in. */
function resolve(flags: Flags, {name, rawName}: Option, text: string) {
	const flag = own(flags, name)
	if (flag !== undefined) return {name, flag, negated: false}

	const positive = name.replace(/^no-/, '')
	const negatable = own(flags, positive)
	if (negatable?.type === 'boolean' && negatable.negatable === true && rawName.startsWith('--'))
		return {name: positive, flag: negatable, negated: true}

	if (!rawName.startsWith('--'))
		throw usage(`unknown option ${shown(rawName)}${text === rawName ? '' : ` in ${shown(text)}`}`)
	const known = Object.entries(flags).flatMap(([n, f]) =>
		f.type === 'boolean' && f.negatable === true ? [n, `no-${n}`] : [n],
	)
	throw usage(`unknown option ${shown(rawName)}`, didYouMean(name, known, '--'))
}

const own = (flags: Flags, name: string): Flag | undefined =>
	Object.hasOwn(flags, name) ? flags[name] : undefined
