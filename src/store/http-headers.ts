// The headers of a reply: RFC 9112, section 5. What one server says is of few kinds, each of which has the same names in the same
// order: what there is to know of those is kept, and a reply is its values. A map of each took 2.2 us of 94 that a GET takes.

import {remembering} from '../base/remembering.ts'
import {notHttp} from './plane-errors.ts'

/** RFC 9110, section 5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~\w-]+$/
/** Kinds that are kept: of more there are only where somebody makes them up. */
const KEPT = 64

/** By their names in lower case, decoded as latin1; the values of one name are one, between commas. */
export class ReplyHeaders {
	readonly #kind: Kind
	/** In the order of the names. */
	readonly values: readonly string[]

	constructor(kind: Kind, values: readonly string[]) {
		this.#kind = kind
		this.values = values
	}

	/** Each once; the very same list in all replies that have the same ones. */
	get names(): readonly string[] {
		return this.#kind.names
	}

	has(name: string): boolean {
		return this.#kind.places.has(name)
	}

	get(name: string): string | undefined {
		const place = this.#kind.places.get(name)
		return place === undefined ? undefined : this.values[place]
	}

	/** All of them as an object. */
	toObject(): Readonly<Record<string, string>> {
		return Object.fromEntries(this.names.map((name, place) => [name, this.values[place] ?? '']))
	}
}

/** What replies have in common whose lines begin alike. */
class Kind {
	/** What each line begins with: a name as it came, and the colon. */
	readonly #said: readonly string[]
	readonly names: readonly string[]
	readonly places: ReadonlyMap<string, number>

	/** Of the names as they came, each with the colon behind it. */
	constructor(came: string) {
		const names = came.split(':').slice(0, -1)
		this.#said = names.map((name) => `${name}:`)
		this.names = [...new Set(names.map((name) => name.toLowerCase()))]
		this.places = new Map(this.names.map((name, place) => [name, place]))
	}

	/** The headers in the lines between two places; undefined where they are of another kind. */
	read(text: string, from: number, to: number): ReplyHeaders | undefined {
		const values: string[] = []
		let at = from
		for (const said of this.#said) {
			if (at >= to || !text.startsWith(said, at)) return undefined
			const end = text.indexOf('\r\n', at)
			values.push(valueIn(text, at + said.length, end))
			at = end + 2
		}
		return at < to ? undefined : new ReplyHeaders(this, values)
	}
}

const kindOf = remembering(KEPT, (came) => new Kind(came))
/** The kind of the last reply: that of the next one, most often. */
let last = kindOf('')

/** Reads the lines from a place on to the end of that at `to`. Throws where one is no header. */
export function readHeaders(text: string, from: number, to: number): ReplyHeaders {
	return last.read(text, from, to) ?? readAnew(text, from, to)
}

function readAnew(text: string, from: number, to: number): ReplyHeaders {
	let came = ''
	let lines = 0
	const headers = new Map<string, string>()
	for (let at = from, end; at < to; at = end + 2) {
		end = text.indexOf('\r\n', at)
		const colon = text.indexOf(':', at)
		const name = text.slice(at, Math.max(at, colon))
		if (colon > end || !TOKEN.test(name)) throw notHttp('a line of a reply is no header')
		came += `${name}:`
		lines++
		const before = headers.get(name.toLowerCase())
		const value = valueIn(text, colon + 1, end)
		headers.set(name.toLowerCase(), before === undefined ? value : `${before}, ${value}`)
	}
	const kind = kindOf(came)
	// lines that say more of one name are not values of their own
	if (headers.size === lines) last = kind
	return new ReplyHeaders(kind, [...headers.values()])
}

/** What is between two places, without the blanks around it; other white space is a part of it. */
function valueIn(text: string, from: number, to: number): string {
	let start = from
	let end = to
	while (start < end && isBlank(text.charCodeAt(start))) start++
	while (start < end && isBlank(text.charCodeAt(end - 1))) end--
	return text.slice(start, end)
}

const isBlank = (code: number): boolean => code === 0x20 || code === 0x09
