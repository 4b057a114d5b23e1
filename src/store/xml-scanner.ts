// Walks through the bytes of an XML document whose shape is known: elements without attributes, text, the
// five entities and character references. Whatever else it meets makes it `failed`, and from then on it
// finds nothing.

const [LT, GT, SLASH, AMP, QUOTE, PERCENT, PLUS] = [0x3c, 0x3e, 0x2f, 0x26, 0x22, 0x25, 0x2b]
const [DASH, COLON, DOT, ZERO] = [0x2d, 0x3a, 0x2e, 0x30]
const EMPTY_END = Buffer.from('/>')
const QUOT = Buffer.from('&quot;')
const NUMBERED = Buffer.from('&#')
const QUOTES = /^"|"$/g
const ENTITIES: Readonly<Record<string, string>> = {amp: '&', apos: "'", gt: '>', lt: '<', quot: '"'}
const REFERENCES = /&(?:#x([\da-f]{1,6})|#(\d{1,7})|([a-z]{1,4}));|&/gi

/** How S3 writes a time, and the day in it. */
const ISO = 'YYYY-MM-DDTHH:MM:SS.mmmZ'.length
const DAY = 'YYYY-MM-DD'.length
const [T, Z] = [0x54, 0x5a]
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/
const parseTime = (text: string): number => (TIME.test(text) ? Date.parse(text) : Number.NaN)
/** Where nothing is. */
const NONE = -1

/** What a byte of a text means. Control characters would be normalized by some parsers, refused by others. */
const [PLAIN, STOP, REFERENCE, ESCAPE, HIGH, CONTROL] = [0, 1, 2, 4, 8, 16]
const KINDS = Uint8Array.from({length: 256}, (_, byte) =>
	byte < 0x20
		? CONTROL
		: byte > 0x7f
			? HIGH
			: byte === LT
				? STOP
				: byte === AMP
					? REFERENCE
					: byte === PERCENT || byte === PLUS
						? ESCAPE
						: PLAIN,
)

/** Behind the end there are only control characters. */
const kindAt = (bytes: Buffer, at: number): number =>
	at < bytes.length ? (KINDS[bytes[at] as number] as number) : CONTROL

/** What may stand behind the name in a tag, and its end. */
const ATTRIBUTES = /(?:\s+[\w.:-]+="[^"<&]*")*\s*>/y
/** How far into a tag is looked for its end. */
const HEAD = 1024

/** The declaration, if any, and the first tag. */
const ROOT =
	/^(?:\xef\xbb\xbf)?\s*(?:<\?xml version="1\.0"(?: encoding="utf-8")?(?: standalone="\w+")?\s*\?>\s*)?<([\w.-]+)(?:\s+[\w.:-]+="[^"<&]*")*\s*>/i

/** An element by its name. */
export type Tag = {readonly open: Buffer; readonly close: Buffer}

export const tag = (name: string): Tag => ({open: Buffer.from(`<${name}>`), close: Buffer.from(`</${name}>`)})

const isSpace = (byte: number | undefined): boolean =>
	byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09

/** The code of a letter, digit, or another character of a name, or none. */
const isName = (byte: number | undefined): boolean =>
	byte !== undefined && byte > 0x2c && byte < 0x7b && byte !== SLASH && (byte < 0x3b || byte > 0x40)

export class Scanner {
	readonly #bytes: Buffer
	#at = 0
	/** Where the text that was read last begins and ends, and what is in it. */
	#from = 0
	#to = 0
	#high = false
	/** Its first '&'. */
	#reference = NONE
	/** Whether that text holds a '%' or a '+'. */
	escaped = false
	failed = false
	/** The element that is tried first. */
	#likely = 0
	/** Where the day that was read last is written, and when it begins. */
	#dayFrom = NONE
	#day = 0

	constructor(bytes: Buffer) {
		this.#bytes = bytes
	}

	/** Passes the XML declaration and the tag of the root, which may have attributes. */
	enter(name: string): void {
		const head = this.#bytes.toString('latin1', 0, HEAD)
		const root = ROOT.exec(head)
		if (root?.[1] === name) this.#at = root[0].length
		else this.failed = true
	}

	/** Whether nothing but white space is left. */
	atEnd(): boolean {
		this.#space()
		return !this.failed && this.#at === this.#bytes.length
	}

	/** Whether this element begins here; if so, passes its tag. */
	opens({open}: Tag): boolean {
		this.#space()
		return this.#passes(open)
	}

	/** The same of an element that may have attributes; they are passed too. */
	opensWithAttributes(of: Tag): boolean {
		if (this.opens(of)) return true
		const open = of.open.subarray(0, -1)
		if (this.failed || !this.#hasAt(open, this.#at)) return false
		const from = this.#at + open.length
		ATTRIBUTES.lastIndex = 0
		if (!ATTRIBUTES.test(this.#bytes.toString('latin1', from, from + HEAD))) return false
		this.#at = from + ATTRIBUTES.lastIndex
		return true
	}

	/**
	 * Which of these elements begins here, if one does; passes its tag. The one behind the last is tried first: a store
	 * writes them in the same order again and again.
	 */
	opensOne(of: readonly Tag[]): Tag | undefined {
		this.#space()
		for (let tried = 0; tried < of.length; tried++) {
			const i = (this.#likely + tried) % of.length
			if (!this.#passes((of[i] as Tag).open)) continue
			this.#likely = i + 1
			return of[i]
		}
		return undefined
	}

	/** Whether this element ends here, or nothing can be read any more; if so, passes its tag. */
	closes({close}: Tag): boolean {
		if (this.failed) return true
		this.#space()
		return this.#passes(close)
	}

	/** Passes a whole element, whatever it is and holds. */
	skip(): void {
		this.#space()
		const bytes = this.#bytes
		const from = this.#at + 1
		let to = from
		while (isName(bytes[to])) to++
		if (bytes[from - 1] !== LT || to === from) return this.#fail()
		this.#at = to
		if (this.#passes(EMPTY_END)) return
		if (bytes[this.#at++] !== GT) return this.#fail()
		while (!this.failed) {
			const end = bytes.indexOf(LT, this.#at)
			if (end < 0) return this.#fail()
			this.#at = end
			if (bytes[end + 1] !== SLASH) this.skip()
			else return this.#leave(from, to)
		}
	}

	/** Passes the text of an element and its end. */
	text(of: Tag): string {
		this.#pass(of)
		return this.#text()
	}

	/** The same without the quotes around it, if it has any. */
	unquoted(of: Tag): string {
		// Go's servers write a quote by its number
		if (this.#hasAt(NUMBERED, this.#at)) return this.text(of).replaceAll(QUOTES, '')
		if (!this.#passes(QUOT) && this.#bytes[this.#at] === QUOTE) this.#at++
		this.#pass(of)
		const last = this.#to - QUOT.length
		if (this.#reference >= this.#from && this.#hasAt(QUOT, last)) {
			this.#to = last
			if (this.#reference === last) this.#reference = NONE
		} else if (this.#to > this.#from && this.#bytes[this.#to - 1] === QUOTE) this.#to--
		else if (this.#reference >= this.#from) return this.#text().replace(/"$/, '')
		return this.#text()
	}

	/** The same as a number in decimal digits. */
	integer(of: Tag): number {
		this.#pass(of)
		const value = this.#digits(this.#from, this.#to)
		if (!Number.isSafeInteger(value)) this.#fail()
		return value
	}

	/** The same as a boolean, in the two words that stores send: others could mean either. */
	boolean(of: Tag): boolean {
		const text = this.text(of)
		if (text !== 'true' && text !== 'false') this.#fail()
		return text === 'true'
	}

	/** The same as a time of RFC 3339, in milliseconds since the epoch. */
	time(of: Tag): number {
		const time = this.#hasAt(of.close, this.#at + ISO) ? this.#isoTime(of) : parseTime(this.text(of))
		if (Number.isNaN(time)) this.#fail()
		return time
	}

	/** Whether the text of an element is this one; if so, passes it and its end. */
	holds(text: Buffer, {close}: Tag): boolean {
		const end = this.#at + text.length
		if (!this.#hasAt(text, this.#at) || !this.#hasAt(close, end)) return false
		this.#at = end + close.length
		return true
	}

	/** A time as S3 writes it. */
	#isoTime({close}: Tag): number {
		const bytes = this.#bytes
		const at = this.#at
		this.#at += ISO + close.length
		const hour = this.#twoDigits(at + 11)
		const minute = this.#twoDigits(at + 14)
		const second = this.#twoDigits(at + 17)
		if (bytes[at + 10] !== T || bytes[at + 13] !== COLON || bytes[at + 16] !== COLON) return Number.NaN
		if (bytes[at + 19] !== DOT || bytes[at + 23] !== Z) return Number.NaN
		if (hour > 23 || minute > 59 || second > 59) return Number.NaN
		const milliseconds = this.#digits(at + 20, at + 23)
		return this.#dayAt(at) + ((hour * 60 + minute) * 60 + second) * 1000 + milliseconds
	}

	/** When the day that is written here begins, in milliseconds since the epoch: that of the object before, most often. */
	#dayAt(at: number): number {
		const bytes = this.#bytes
		let i = 0
		while (i < DAY && bytes[this.#dayFrom + i] === bytes[at + i]) i++
		if (i === DAY) return this.#day
		if (bytes[at + 4] !== DASH || bytes[at + 7] !== DASH) return Number.NaN
		const month = this.#twoDigits(at + 5)
		const day = this.#twoDigits(at + 8)
		if (month < 1 || month > 12 || day < 1) return Number.NaN
		const year = this.#digits(at, at + 4)
		const date = new Date(Date.UTC(year, month - 1, day))
		// a day that its month does not have would be one of the next, and a year below 100 one of the last century
		if (date.getUTCDate() !== day || date.getUTCFullYear() !== year) return Number.NaN
		this.#dayFrom = at
		this.#day = date.getTime()
		return this.#day
	}

	#twoDigits(at: number): number {
		const tens = (this.#bytes[at] ?? 0) - ZERO
		const ones = (this.#bytes[at + 1] ?? 0) - ZERO
		return tens < 0 || tens > 9 || ones < 0 || ones > 9 ? Number.NaN : tens * 10 + ones
	}

	/** The number in these bytes; NaN if they are not digits, or none. */
	#digits(from: number, to: number): number {
		let value = from === to ? Number.NaN : 0
		for (let i = from; i < to; i++) {
			const digit = (this.#bytes[i] ?? 0) - ZERO
			value = digit < 0 || digit > 9 ? Number.NaN : value * 10 + digit
		}
		return value
	}

	#space(): void {
		if (this.#bytes[this.#at] === LT) return
		while (isSpace(this.#bytes[this.#at])) this.#at++
	}

	#fail(): void {
		this.failed = true
	}

	#hasAt(what: Buffer, at: number): boolean {
		const bytes = this.#bytes
		for (let i = 0; i < what.length; i++) if (bytes[at + i] !== what[i]) return false
		return true
	}

	#passes(what: Buffer): boolean {
		if (this.failed || !this.#hasAt(what, this.#at)) return false
		this.#at += what.length
		return true
	}

	/** Passes the end of the element whose name lies here. */
	#leave(from: number, to: number): void {
		const bytes = this.#bytes
		this.#at += 2
		for (let i = from; i < to; i++) if (bytes[this.#at++] !== bytes[i]) return this.#fail()
		if (bytes[this.#at++] !== GT) this.#fail()
	}

	#pass({close}: Tag): void {
		const bytes = this.#bytes
		let at = this.#at
		let seen = 0
		this.#from = at
		this.#reference = NONE
		for (let kind = kindAt(bytes, at); kind !== STOP; kind = kindAt(bytes, ++at))
			if (kind !== PLAIN) {
				if (kind === CONTROL) return this.#fail()
				if (kind === REFERENCE && this.#reference === NONE) this.#reference = at
				seen |= kind
			}
		this.#to = this.#at = at
		this.#high = (seen & HIGH) !== 0
		this.escaped = (seen & ESCAPE) !== 0
		if (!this.#passes(close)) this.#fail()
	}

	#text(): string {
		if (this.failed) return ''
		const [bytes, from, to] = [this.#bytes, this.#from, this.#to]
		const raw = this.#high ? bytes.utf8Slice(from, to) : bytes.latin1Slice(from, to)
		return this.#reference !== NONE ? raw.replaceAll(REFERENCES, this.#resolve) : raw
	}

	readonly #resolve = (_: string, hex?: string, decimal?: string, name?: string): string => {
		if (name !== undefined && ENTITIES[name] !== undefined) return ENTITIES[name]
		const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)
		// not a character, or none that a document may hold
		if (Number.isNaN(code) || code > 0x10ffff || (code > 0xd7ff && code < 0xe000) || code === 0) this.#fail()
		return this.failed ? '' : String.fromCodePoint(code)
	}
}
