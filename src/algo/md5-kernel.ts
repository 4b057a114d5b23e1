// The rounds of MD5 (RFC 1321, section 3.4) for eight messages at once, as a module of WebAssembly.
//
// A step of MD5 waits for the one before, so that a core is idle for most of a message. Here one instruction takes a step of four
// messages, one in each 32 bits of a vector, and those of two vectors take turns.

/** Messages that are hashed at once. */
export const LANES = 8
/** Bytes of a block. */
export const BLOCK = 64

/**
 * Where the module has what, in its memory: the words a, b, c and d of four lanes each, those of the other four, and then where
 * the next block of each lane lies. What is behind that is the caller's. All words are little-endian.
 */
export const AT = {
	/** Of word `word` of a lane. */
	state: (lane: number, word: number): number => (lane >> 2) * 64 + word * 16 + (lane & 3) * 4,
	next: (lane: number): number => 128 + lane * 4,
	free: 160,
}

/** Hashes `blocks` blocks of every lane, of which there must be that many, one at least. */
export type Kernel = (blocks: number) => void

/** The module: it imports its memory, of one page at least, as `js.memory`, and exports the kernel as `hash`. */
export function kernelModule(): Uint8Array<ArrayBuffer> {
	return Uint8Array.from(
		flat([
			[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
			// a function of one i32; the memory; the function is of the first type; its name
			section(1, [1, 0x60, 1, I32, 0]),
			section(2, [1, name('js'), name('memory'), 2, 0, 1]),
			section(3, [1, 0]),
			section(7, [1, name('hash'), 0, 0]),
			section(10, [1, sized(kernel())]),
		]),
	)
}

/** Bytes, nested as they were put together. */
type Code = number | readonly Code[]

function flat(code: Code, into: number[] = []): number[] {
	if (typeof code === 'number') into.push(code)
	else for (const part of code) flat(part, into)
	return into
}

const I32 = 0x7f
const V128 = 0x7b

const unsigned = (n: number): Code => (n < 0x80 ? n : [(n & 0x7f) | 0x80, unsigned(n >>> 7)])
const signed = (n: number): Code => (n >= -0x40 && n < 0x40 ? n & 0x7f : [(n & 0x7f) | 0x80, signed(n >> 7)])
const section = (id: number, code: Code): Code => [id, sized(code)]
const name = (text: string): Code => sized([...Buffer.from(text)])

function sized(code: Code): Code {
	const bytes = flat(code)
	return [unsigned(bytes.length), bytes]
}

const get = (local: number): Code => [0x20, unsigned(local)]
const set = (local: number, value: Code): Code => [value, 0x21, unsigned(local)]
const tee = (local: number, value: Code): Code => [value, 0x22, unsigned(local)]
const i32 = (n: number): Code => [0x41, signed(n)]
const plus = (a: Code, b: Code): Code => [a, b, 0x6a]
const loadI32 = (at: number): Code => [i32(at), 0x28, 2, 0]
const storeI32 = (at: number, value: Code): Code => [i32(at), value, 0x36, 2, 0]

const vector = (instruction: number): Code => [0xfd, unsigned(instruction)]
/** Four words that lie `offset` behind an address, aligned or not. */
const load = (address: Code, offset: number): Code => [address, vector(0), 0, unsigned(offset)]
const store = (at: number, value: Code): Code => [i32(at), value, vector(11), 0, 0]
/** Four times one word. */
const each = (word: number): Code => {
	const bytes = [0, 8, 16, 24].map((bits) => (word >>> bits) & 0xff)
	return [vector(12), bytes, bytes, bytes, bytes]
}
/** Four of the words of `a` (0 to 3) and `b` (4 to 7). */
const pick = (a: Code, b: Code, words: readonly number[]): Code => [
	[a, b, vector(13)],
	words.map((word) => [4 * word, 4 * word + 1, 4 * word + 2, 4 * word + 3]),
]
const not = (a: Code): Code => [a, vector(77)]
const and = (a: Code, b: Code): Code => [a, b, vector(78)]
const andNot = (a: Code, b: Code): Code => [a, b, vector(79)]
const or = (a: Code, b: Code): Code => [a, b, vector(80)]
const xor = (a: Code, b: Code): Code => [a, b, vector(81)]
const add = (a: Code, b: Code): Code => [a, b, vector(174)]
const left = (a: Code, bits: number): Code => [a, i32(bits), vector(171)]
const right = (a: Code, bits: number): Code => [a, i32(bits), vector(173)]

/** A round: what is added, made of b, c and d; which word of the block; and by how much the sum is rotated. */
type Round = {
	readonly terms: (b: Code, c: Code, d: Code) => readonly Code[]
	readonly word: (step: number) => number
	readonly turns: readonly number[]
}

const ROUNDS: readonly Round[] = [
	{terms: (b, c, d) => [xor(and(xor(c, d), b), d)], word: (i) => i, turns: [7, 12, 17, 22]},
	// the two have no bit in common: to add them is to unite them, and the first need not wait for b
	{terms: (b, c, d) => [andNot(c, d), and(b, d)], word: (i) => 5 * i + 1, turns: [5, 9, 14, 20]},
	{terms: (b, c, d) => [xor(xor(c, d), b)], word: (i) => 3 * i + 5, turns: [4, 11, 16, 23]},
	{terms: (b, c, d) => [xor(or(not(d), b), c)], word: (i) => 7 * i, turns: [6, 10, 15, 21]},
]

/** The constant of a step: T of section 3.4, from the sine. */
const constantOf = (step: number): number => Math.floor(Math.abs(Math.sin(step + 1)) * 2 ** 32)

/** The locals of four lanes. */
type Four = {
	/** The first of the lanes. */
	readonly lane: number
	/** a, b, c and d, and what they were before the block. */
	readonly words: readonly number[]
	readonly before: readonly number[]
	/** The words of the block. */
	readonly block: readonly number[]
	/** What is rotated. */
	readonly sum: number
}

const numbers = (first: number, count: number): number[] => Array.from({length: count}, (_, i) => first + i)

/** How many blocks are left: the parameter. */
const LEFT = 0
/** Where the next block of a lane lies. */
const next = (lane: number): number => 1 + lane
const VECTORS = 1 + LANES
/** Rows of four messages on their way to be columns. */
const ROWS = numbers(VECTORS, 4)
const PAIRS = numbers(VECTORS + 4, 4)
const IN_FOUR = 25
const FOURS: readonly Four[] = [0, 1].map((four) => {
	const first = VECTORS + 8 + four * IN_FOUR
	const words = numbers(first, 4)
	return {
		lane: four * 4,
		words,
		before: numbers(first + 4, 4),
		block: numbers(first + 8, 16),
		sum: first + 24,
	}
})

const kernel = (): Code => [
	[2, LANES, I32, 8 + 2 * IN_FOUR, V128],
	numbers(0, LANES).map((lane) => set(next(lane), loadI32(AT.next(lane)))),
	eachWord((word, _, at) => set(word, load(i32(at), 0))),
	LOOP,
	FOURS.map(columns),
	eachWord((word, before) => set(before, get(word))),
	numbers(0, 64).map((step) => FOURS.map((four) => stepOf(four, step))),
	eachWord((word, before) => set(word, add(get(word), get(before)))),
	numbers(0, LANES).map((lane) => set(next(lane), plus(get(next(lane)), i32(BLOCK)))),
	[tee(LEFT, plus(get(LEFT), i32(-1))), AGAIN_IF, END],
	eachWord((word, _, at) => store(at, get(word))),
	numbers(0, LANES).map((lane) => storeI32(AT.next(lane), get(next(lane)))),
	END,
]

const LOOP = [0x03, 0x40]
const AGAIN_IF = [0x0d, 0]
const END = 0x0b

/** One of as many locals as a power of two, which begin anew behind the last. */
const nth = (locals: readonly number[], i: number): number => locals[i & (locals.length - 1)] as number

/** The same for each vector of words, with what it was before, and where it is kept. */
const eachWord = (code: (word: number, before: number, at: number) => Code): Code =>
	FOURS.map(({lane, words, before}) => words.map((word, i) => code(word, nth(before, i), AT.state(lane, i))))

/** The first two words of both, or the last two, in turns; and the first two of one behind those of the other, or the last two. */
const LOW = [0, 4, 1, 5]
const HIGH = [2, 6, 3, 7]
const FRONT = [0, 1, 4, 5]
const BACK = [2, 3, 6, 7]

/** Sixteen words of each of four messages become sixteen vectors of one word of each. */
function columns({lane, block}: Four): Code {
	const [r0, r1, r2, r3] = ROWS.map(get) as [Code, Code, Code, Code]
	const [p0, p1, p2, p3] = PAIRS.map(get) as [Code, Code, Code, Code]
	const pairs = [pick(r0, r1, LOW), pick(r2, r3, LOW), pick(r0, r1, HIGH), pick(r2, r3, HIGH)]
	const four = [pick(p0, p1, FRONT), pick(p0, p1, BACK), pick(p2, p3, FRONT), pick(p2, p3, BACK)]
	return numbers(0, 4).map((quarter) => [
		ROWS.map((row, i) => set(row, load(get(next(lane + i)), quarter * 16))),
		PAIRS.map((pair, i) => set(pair, pairs[i] as Code)),
		four.map((column, i) => set(nth(block, 4 * quarter + i), column)),
	])
}

/** a = b + ((a + f(b, c, d) + T + word) rotated); then the words change places: d is the next a. */
function stepOf({words, block, sum}: Four, step: number): Code {
	const {terms, word, turns} = ROUNDS[step >> 4] as Round
	const [a, b, c, d] = [0, 1, 2, 3].map((i) => nth(words, i - step)) as [number, number, number, number]
	const known = add(add(get(a), each(constantOf(step))), get(nth(block, word(step))))
	const all = terms(get(b), get(c), get(d)).reduce(add, known)
	const bits = nth(turns, step)
	const turned = or(left(tee(sum, all), bits), right(get(sum), 32 - bits))
	return set(a, add(turned, get(b)))
}
