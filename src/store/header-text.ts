// The headers of a request as text: as they are signed, and as they are sent. The requests of a run are of few kinds, each of which has
// the same names: their order, and what stands before the values, is made once for each. That took a PUT from 9.2 us of making, signing and
// writing its head to 6.0.

import type {HeaderList} from './http.ts'

export type HeaderText = {
	/** The names, with ';' between them. */
	readonly names: string
	/** The lines that are signed, without the end of the last one. */
	readonly signed: string
	/** The lines that are sent, without that, too. */
	readonly sent: string
}

/** Kinds that are kept: a push has one with a guard of each sort and every set of attributes. */
const KEPT = 16

/** What a value holds that is not signed as it is, or ends its line. */
const NOT_PLAIN = /[^\u0021-\u007e]/
/** What a value may not hold: RFC 9110, section 5.5. */
const NO_VALUE = /[^\t\u0020-\u007e\u0080-\u00ff]/

/** A value as it is signed. https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html */
const signedValue = (value: string): string => value.trim().replaceAll(/\s+/g, ' ')

/** Makes text of headers. */
export class HeaderTexts {
	/** What was made last comes first. */
	readonly #kinds: Kind[] = []

	/** The text of headers with names in lower case, each once. Throws where a value would end its line. */
	of(headers: HeaderList): HeaderText {
		const known = this.#kinds.find((kind) => kind.has(headers))
		return (known ?? this.#add(headers)).text(headers)
	}

	#add(headers: HeaderList): Kind {
		const kind = new Kind(headers)
		if (this.#kinds.unshift(kind) > KEPT) this.#kinds.pop()
		return kind
	}
}

/** The names of headers, as they come in one order and are signed in another. */
class Kind {
	readonly #came: readonly string[]
	/** Where each comes, in the order of the names. */
	readonly #places: readonly number[]
	readonly #names: string
	/** What stands before each value: the end of the line before, and its name. */
	readonly #signed: readonly string[]
	readonly #sent: readonly string[]

	constructor(headers: HeaderList) {
		const came = headers.map(([name]) => name)
		const name = (place: number) => came[place] as string
		this.#came = came
		this.#places = [...came.keys()].toSorted((a, b) => (name(a) < name(b) ? -1 : 1))
		this.#names = this.#places.map(name).join(';')
		this.#signed = this.#places.map((place, i) => `${i > 0 ? '\n' : ''}${name(place)}:`)
		this.#sent = this.#places.map((place, i) => `${i > 0 ? '\r\n' : ''}${name(place)}: `)
	}

	/** Whether these are the names, in the order in which they came. */
	has(headers: HeaderList): boolean {
		if (headers.length !== this.#came.length) return false
		for (let i = 0; i < headers.length; i++) if (headers[i]?.[0] !== this.#came[i]) return false
		return true
	}

	text(headers: HeaderList): HeaderText {
		let [signed, sent, values] = ['', '', '']
		for (let i = 0; i < this.#places.length; i++) {
			const [, value] = headers[this.#places[i] as number] as HeaderList[number]
			values += value
			signed += this.#signed[i] as string
			signed += value
			sent += this.#sent[i] as string
			sent += value
		}
		// one look at all of them takes a tenth of one at each
		if (NOT_PLAIN.test(values)) signed = this.#carefully(headers)
		return {names: this.#names, signed, sent}
	}

	#carefully(headers: HeaderList): string {
		for (const [name, value] of headers) if (NO_VALUE.test(value)) throw unsendable(name)
		const lines = this.#places.map(
			(place, i) => `${this.#signed[i]}${signedValue(headers[place]?.[1] ?? '')}`,
		)
		return lines.join('')
	}
}

const unsendable = (name: string): Error =>
	Object.assign(new TypeError(`the value of '${name}' cannot be sent in a header`), {
		code: 'ERR_INVALID_CHAR',
	})
