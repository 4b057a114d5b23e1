// `.s3rignore` files: the semantics are those of gitignore(5). The last line that matches a path decides, and
// a file in a deeper directory goes before those above it.
//
// Paths and patterns are byte strings.

import {nameOf, type Path, ROOT, withoutSlash} from '../base/path.ts'
import {wildcardSource} from './pattern.ts'

export type IgnoreRule = {
	/** The line as it is written. */
	readonly pattern: string
	/** Whether the line begins with '!': what it matches is not ignored. */
	readonly negated: boolean
	/** `file:line`. */
	readonly source: string
}

type Compiled = {
	readonly rule: IgnoreRule
	readonly directoryOnly: boolean
	/** Whether it matches a path (relative to the file's directory) of this name. */
	readonly matches: (path: Path, name: string) => boolean
}

/** The rules of one file, and the directory (with its final '/', '' for the root) that they speak of. */
export type IgnoreFile = {readonly base: Path; readonly rules: readonly Compiled[]}

const BYTE_ORDER_MARK = '\u00ef\u00bb\u00bf'

/** Reads an ignore file that lies in the directory `base` ('' for the root); `source` is its name, for messages. */
export function parseIgnore(text: string, base: Path, source: string): IgnoreFile {
	const lines = (text.startsWith(BYTE_ORDER_MARK) ? text.slice(BYTE_ORDER_MARK.length) : text).split('\n')
	const rules = lines
		.map((line, i) => compile(line.endsWith('\r') ? line.slice(0, -1) : line, `${source}:${i + 1}`))
		.filter((rule) => rule !== undefined)
	return {base, rules}
}

/** The ignore files in force in a directory: those of the directories on the way to it. */
export class IgnoreStack {
	readonly #files: IgnoreFile[] = []

	/** Enters a directory with such a file; what is pushed later goes before what was pushed earlier. */
	push(file: IgnoreFile): void {
		this.#files.push(file)
	}

	/** Leaves the directory whose file was pushed last. */
	pop(): void {
		this.#files.pop()
	}

	/** Whether no rule is about what lies in a directory. */
	isEmptyIn(directory: Path): boolean {
		return this.#files.every(({base, rules}) => rules.length === 0 || !directory.startsWith(base))
	}

	/**
	 * The rule that decides about a path, or undefined if none matches. What lies below an ignored
	 * directory is not to be asked about: it is ignored, and no rule can bring it back.
	 */
	decide(path: Path, isDirectory: boolean): IgnoreRule | undefined {
		if (path === ROOT || this.#files.length === 0) return undefined
		const bare = withoutSlash(path)
		const name = nameOf(bare)
		for (const {base, rules} of this.#files.toReversed()) {
			if (!bare.startsWith(base)) continue
			const relative = bare.slice(base.length)
			const found = rules.findLast(
				({directoryOnly, matches}) => (isDirectory || !directoryOnly) && matches(relative, name),
			)
			if (found !== undefined) return found.rule
		}
		return undefined
	}
}

/** One line, or undefined if it is empty or a comment. */
function compile(line: string, source: string): Compiled | undefined {
	if (line.startsWith('#')) return undefined
	const written = withoutTrailingSpaces(line)
	if (written === '') return undefined
	const negated = written.startsWith('!')
	const text = negated ? written.slice(1) : written
	const directoryOnly = text.endsWith('/')
	const pattern = directoryOnly ? text.slice(0, -1) : text
	return {rule: {pattern: written, negated, source}, directoryOnly, matches: matcher(pattern)}
}

/** A pattern with a '/' is matched against the whole path, one without against the name. */
function matcher(pattern: string): Compiled['matches'] {
	const byName = !pattern.includes('/')
	const whole = pattern.startsWith('/') ? pattern.slice(1) : pattern
	if (!/[*?[\\]/.test(whole)) return byName ? (_, name) => name === whole : (path) => path === whole

	const source = wildcardSource(whole, 'git')
	if (source === undefined) return () => false
	const regexp = new RegExp(`^${source}$`)
	return byName ? (_, name) => regexp.test(name) : (path) => regexp.test(path)
}

/** The line without the spaces at its end, but for one that a backslash quotes. */
const withoutTrailingSpaces = (line: string): string =>
	/^((?:[^\\ ]|\\[^]|\\$| +(?=[^ ]))*) *$/.exec(line)?.[1] ?? line
