// Text in git's ini form: read into keys and values, and edited line by line so that comments and unknown keys
// stay. How a value is quoted and where a comment begins is ini's business. See s3r-config(5).
//
//	[section "subsection"]
//		name = value		; is section.subsection.name

import {unsafe} from 'ini'
import {fatal, usage} from '../base/errors.ts'

/** Section and name in lower case, the subsection as it is written. */
export type Key = {readonly section: string; readonly subsection: string | undefined; readonly name: string}

/** A key as `config --list` prints it, and its value. */
export type Value = readonly [key: string, value: string]

/** A line, the section that it is in or begins, and what it sets. */
type Line = {
	readonly text: string
	readonly section: string
	readonly header: boolean
	readonly value?: Value
}

const HEADER = /^\s*\[\s*([A-Za-z0-9.-]+)(?:\s+"((?:[^"\\]|\\.)*)")?\s*\]\s*(?:[;#].*)?$/
const SETTING = /^\s*([A-Za-z][A-Za-z0-9-]*)\s*(?:=\s*(.*)|[;#].*)?$/
const QUOTED = /^("(?:[^"\\]|\\.)*")\s*(?:[;#].*)?$/
/** A value that needs no quotes, and has no others. */
const PLAIN = /^[A-Za-z0-9_./:@%+,~-]+$/

/** The key `section.name` or `section.subsection.name`; a usage error if it is not one. */
export function parseKey(text: string): Key {
	const m = /^([A-Za-z0-9-]+)\.(?:(.+)\.)?([A-Za-z][A-Za-z0-9-]*)$/.exec(text)
	if (!m || m[2]?.includes('\n'))
		throw usage(`'${text}' is not a config key`, 'a key is <section>.<name> or <section>.<subsection>.<name>')
	return {section: (m[1] ?? '').toLowerCase(), subsection: m[2], name: (m[3] ?? '').toLowerCase()}
}

/** A key as text again, in its one spelling. */
export const formatKey = (key: Key): string => `${sectionOf(key)}.${key.name}`

const sectionOf = ({section, subsection}: Omit<Key, 'name'>): string =>
	subsection === undefined ? section : `${section}.${subsection}`

/** All settings in order. Throws status 128 with `file` and line for a line that is not of this form. */
export const parseValues = (text: string, file: string): Value[] =>
	scan(text, file).flatMap((line) => (line.value === undefined ? [] : [line.value]))

/** The text with this key set to `value`: in its last place, else at the end of its section. */
export function setValue(text: string, key: Key, value: string, file: string): string {
	const lines = scan(text, file)
	const setting = `\t${key.name} = ${encodeValue(value)}`
	const there = lines.findLastIndex((line) => line.value?.[0] === formatKey(key))
	if (there >= 0) return join(lines.map((line) => line.text).with(there, setting))
	const end = lines.findLastIndex((line) => line.section === sectionOf(key) && !/^\s*$/.test(line.text))
	const texts = lines.map((line) => line.text)
	return join(end >= 0 ? texts.toSpliced(end + 1, 0, setting) : [...texts, header(key), setting])
}

/** The text without this key, and without the header of a section that is empty then. */
export const unsetValue = (text: string, key: Key, file: string): string =>
	join(
		withoutEmptySection(
			scan(text, file).filter((line) => line.value?.[0] !== formatKey(key)),
			sectionOf(key),
		).map((line) => line.text),
	)

/** The text without a section and all that is in it. */
export const removeSection = (text: string, section: Omit<Key, 'name'>, file: string): string =>
	join(
		scan(text, file)
			.filter((line) => line.section !== sectionOf(section))
			.map((line) => line.text),
	)

/** The text with a section called otherwise. */
export const renameSection = (
	text: string,
	from: Omit<Key, 'name'>,
	to: Omit<Key, 'name'>,
	file: string,
): string =>
	join(
		scan(text, file).map((line) =>
			line.header && line.section === sectionOf(from) ? header(to) : line.text,
		),
	)

function withoutEmptySection(lines: readonly Line[], section: string): readonly Line[] {
	const used = lines.some((line) => line.section === section && !line.header && !/^\s*$/.test(line.text))
	return used ? lines : lines.filter((line) => line.section !== section)
}

/** Each line with its section; the empty text has none. */
function scan(text: string, file: string): Line[] {
	let section = ''
	const lines = text.replaceAll('\r\n', '\n').split('\n')
	if (lines.at(-1) === '') lines.pop()
	return lines.map((line, i) => {
		const begin = line.trimStart().charAt(0)
		if (begin === '' || begin === ';' || begin === '#') return {text: line, section, header: false}
		const head = begin === '[' && HEADER.exec(line)
		if (head) {
			const subsection = head[2]?.replace(/\\(.)/g, '$1')
			section = sectionOf({section: (head[1] ?? '').toLowerCase(), subsection})
			return {text: line, section, header: true}
		}
		const setting = SETTING.exec(line)
		if (!setting || section === '')
			throw fatal(`bad config line ${i + 1} in '${file}'`, 'a line is [section "name"] or key = value')
		const key = `${section}.${(setting[1] ?? '').toLowerCase()}`
		return {text: line, section, header: false, value: [key, decodeValue(setting[2])]}
	})
}

/** A name without '=' is true, as in git. What ini takes for JSON in single quotes is text here. */
function decodeValue(text: string | undefined): string {
	if (text === undefined) return 'true'
	if (PLAIN.test(text)) return text
	const value: unknown = unsafe(QUOTED.exec(text)?.[1] ?? text)
	return typeof value === 'string' ? value : JSON.stringify(value)
}

/** What git and ini both read as this value. */
const encodeValue = (value: string): string => (PLAIN.test(value) ? value : JSON.stringify(value))

const header = ({section, subsection}: Omit<Key, 'name'>): string =>
	subsection === undefined ? `[${section}]` : `[${section} "${subsection.replace(/["\\]/g, '\\$&')}"]`

const join = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('')
