// The argument vector of an rsync client -> what it asks of its server.

import {shown} from '../../base/quote.ts'
import {RERR, RsyncError} from './errors.ts'
import {LETTERS, LONG} from './option-table.ts'
import {defaults, type ServerOptions} from './server-options.ts'
import type {Word} from './words.ts'

/**
 * Reads the words that follow `rsync`: `--server [--sender] <options> . <path>...`.
 *
 * Throws code 1 for an option that is not known or has a bad value, and code 4 for one that is refused, with what
 * to use instead. Nothing is skipped: a letter decides what else is in the stream.
 */
export function parseServerArgs(words: readonly Word[]): Readonly<ServerOptions> {
	const {options, error} = readServerArgs(words)
	if (error) throw error
	return options
}

/**
 * The same, with the first error as a value and the rest of the options read: a daemon can tell its client what is
 * wrong only behind a handshake, which depends on the other options.
 */
export function readServerArgs(words: readonly Word[]): {
	readonly options: Readonly<ServerOptions>
	readonly error: RsyncError | undefined
} {
	const options = defaults()
	const [first, ...rest] = words
	const queue = rest.values()
	let error: RsyncError | undefined
	if (first?.text !== '--server')
		error = new RsyncError(
			RERR.syntax,
			`expected '--server' of an rsync client, not ${shown(first?.text ?? '')}`,
		)
	for (const {text} of queue) {
		if (text === '.') {
			options.paths = [...queue]
			break
		}
		try {
			readOption(options, text, () => queue.next().value?.text)
		} catch (failure) {
			if (!(failure instanceof RsyncError)) throw failure
			error ??= failure
		}
	}
	return {options: normal(options), error}
}

function readOption(options: ServerOptions, text: string, nextWord: () => string | undefined): void {
	if (text.startsWith('--')) readLong(options, text, nextWord)
	else if (text.length > 1 && text.startsWith('-')) readCluster(options, text)
	else throw new RsyncError(RERR.syntax, `expected '.' before the path ${shown(text)} in the arguments`)
}

function readLong(options: ServerOptions, text: string, nextWord: () => string | undefined): void {
	const equals = text.indexOf('=')
	const name = equals < 0 ? text : text.slice(0, equals)
	const option = LONG[name.slice(2)]
	if (option === undefined) throw new RsyncError(RERR.syntax, `the rsync option ${shown(name)} is not known`)

	if (option.value === undefined) {
		if (equals >= 0) throw new RsyncError(RERR.syntax, `the rsync option ${name} takes no value`)
		option.set(options, name)
		return
	}
	const value = equals < 0 ? nextWord() : text.slice(equals + 1)
	if (value === undefined) throw new RsyncError(RERR.syntax, `the rsync option ${name} needs a value`)
	option.value(options, value, name)
}

/** Letters behind one dash. What follows `e` is what the client can do; `B` and `@` take the rest as their value. */
function readCluster(options: ServerOptions, text: string): void {
	let error: RsyncError | undefined
	for (let at = 1; at < text.length; at++) {
		const letter = text.charAt(at)
		const rest = text.slice(at + 1)
		if (letter === 'e') {
			options.capabilities = /^\d*\.\d*(.*)$/s.exec(rest)?.[1] ?? ''
			break
		}
		const option = LETTERS[letter]
		if (option === undefined) {
			error ??= new RsyncError(
				RERR.syntax,
				`the rsync option ${shown(`-${letter}`)} in ${shown(text)} is not known`,
			)
			continue
		}
		if (option.value !== undefined) {
			option.value(options, rest, `-${letter}`)
			break
		}
		option.set(options, `-${letter}`)
	}
	if (error) throw error
}

/** What one option says about another one, as rsync has it. */
function normal(options: ServerOptions): ServerOptions {
	if (options.deleteExcluded) options.deleteMode ??= 'during'
	if (options.append > 0) options.inplace = true
	if ((options.listOnly || options.filesFrom !== undefined) && !options.recurse) options.dirs = true
	if (options.suffix === undefined && options.backup)
		options.suffix = options.backupDir === undefined ? '~' : ''
	return options
}
