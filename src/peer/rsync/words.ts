// The words of a command line as they reach the far end of a remote shell.
//
// rsync hands its remote shell words that are already escaped for the shell at the other end, and ssh joins
// them with blanks. We are both ends, so we join them and split them again, as a POSIX shell would.

import {RERR, RsyncError} from './errors.ts'

/** One word, a byte string. */
export type Word = {
	/** Without the quoting. */
	readonly text: string
	/**
	 * The same as a pattern, where the word held a wildcard that was not quoted: it is meant to be expanded. A
	 * character that was quoted has a backslash before it.
	 */
	readonly pattern?: string
}

const BLANK = ' \t\n'
const WILD = '*?['

/** A word that is being read. */
class Growing {
	text = ''
	#pattern = ''
	#wild = false

	/** A character that was quoted: it stands for itself. */
	literal(c: string): void {
		this.text += c
		this.#pattern += WILD.includes(c) || c === '\\' ? `\\${c}` : c
	}

	/** A character that was not. */
	plain(c: string): void {
		if (!WILD.includes(c)) return this.literal(c)
		this.text += c
		this.#pattern += c
		this.#wild = true
	}

	done(): Word {
		return this.#wild ? {text: this.text, pattern: this.#pattern} : {text: this.text}
	}
}

/**
 * The words that a shell at the far end would see. Quotes and backslashes are taken away; nothing is expanded, a
 * word with wildcards says so.
 *
 * Throws code 1 for a quote that is not closed.
 */
export function splitWords(argv: readonly string[]): Word[] {
	const line = argv.join(' ')
	const words: Word[] = []
	let word: Growing | undefined
	let quote = ''
	for (let at = 0; at < line.length; at++) {
		const c = line.charAt(at)
		if (quote === '' && BLANK.includes(c)) {
			if (word) words.push(word.done())
			word = undefined
			continue
		}
		word ??= new Growing()
		if (c === quote) quote = ''
		else if (quote === '' && (c === "'" || c === '"')) quote = c
		else if (c === '\\' && escapes(quote, line.charAt(at + 1))) word.literal(line.charAt(++at))
		else if (quote === '') word.plain(c)
		else word.literal(c)
	}
	if (quote !== '') throw new RsyncError(RERR.syntax, `a quote is not closed in the arguments: ${quote}`)
	if (word) words.push(word.done())
	return words
}

/** Whether a backslash takes away the meaning of `next`; inside double quotes only some characters have one. */
const escapes = (quote: string, next: string): boolean =>
	next !== '' && (quote === '' || (quote === '"' && '$`"\\\n'.includes(next)))

/**
 * Words that came over the wire one by one (`--secluded-args`, or to a daemon), where no shell stood between. The
 * words of options may still have backslashes from the client's quoting for a shell, those of paths, which follow
 * the '.', have none; a wildcard in a path is meant to be expanded.
 */
export function wireWords(texts: readonly string[], unescapeOptions: boolean): Word[] {
	const dot = texts.indexOf('.')
	return texts.map((text, at) => {
		if (dot >= 0 && at > dot) return wildPath(text)
		return {text: unescapeOptions ? text.replace(/\\(.)/gs, '$1') : text}
	})
}

const wildPath = (text: string): Word => (/[*?[]/.test(text) ? {text, pattern: text} : {text})
