// Long lists: their order, how much of them is held, and how many requests and round trips they take, on a store that
// exists only as numbers.

import {Session} from 'node:inspector/promises'
import {setImmediate as turn} from 'node:timers/promises'
import test from 'ava'
import * as fc from './support/properties.ts'
import {isLater} from '../src/store/key-order.ts'
import {AHEAD, type AskPage, listAhead, WIDTH} from '../src/store/list-ahead.ts'
import {readPage} from '../src/store/list-page.ts'
import type {Listed} from '../src/store/store.ts'
import type {ListRequest, Page} from '../src/store/wire.ts'

const PAGE = 1000
/** Pages that may be held on one level of directories: the last part to begin may go beyond AHEAD. */
const HELD = 1.5 * AHEAD

/** Keys in order, as many as are asked for. */
type Keys = {readonly length: number; at(i: number): string}

const listed = (key: string): Listed => ({key, etag: 'e', size: 0, modified: 0})

/** The first index whose key is behind `after`, or not before `from`. */
function find(keys: Keys, is: (key: string) => boolean): number {
	let [low, high] = [0, keys.length]
	while (low < high) {
		const middle = (low + high) >> 1
		if (is(keys.at(middle))) high = middle
		else low = middle + 1
	}
	return low
}

/** Answers as S3 does. */
function answer(keys: Keys, {prefix, after = '', token, delimiter}: ListRequest): Page {
	const from = token ?? after
	let i = find(keys, (key) => isLater(key, from) && !isLater(prefix, key))
	const objects: Listed[] = []
	const prefixes: string[] = []
	let last = ''
	while (objects.length + prefixes.length < PAGE && i < keys.length) {
		const key = keys.at(i)
		if (!key.startsWith(prefix)) return {objects, prefixes}
		const slash = delimiter === undefined ? -1 : key.indexOf(delimiter, prefix.length)
		if (slash < 0) {
			objects.push(listed(key))
			last = key
			i++
			continue
		}
		const common = key.slice(0, slash + 1)
		// that of the page before is not told again
		if (common !== from) prefixes.push(common)
		last = common
		i = find(keys, (k) => isLater(k, common) && !k.startsWith(common))
	}
	const isMore = i < keys.length && keys.at(i).startsWith(prefix)
	return {objects, prefixes, next: isMore ? last : undefined}
}

type Taken = {
	keys: number
	requests: number
	trips: number
	pages: number
	mostHeld: number
	mostAtOnce: number
}

/**
 * Lists everything, and asserts that it is complete and in order. Requests are answered together, when no other is about
 * to be made: a round trip.
 */
async function take(keys: Keys, prefix = '', after?: string): Promise<Taken> {
	const taken: Taken = {keys: 0, requests: 0, trips: 0, pages: 0, mostHeld: 0, mostAtOnce: 0}
	let waiting: (() => void)[] = []
	const ask: AskPage = (request) => {
		taken.requests++
		return new Promise((resolve) => waiting.push(() => resolve(answer(keys, request))))
	}
	let i = find(keys, (key) => (after === undefined ? !isLater(prefix, key) : isLater(key, after)))
	const read = async (): Promise<void> => {
		for await (const page of listAhead(ask, prefix, after)) {
			taken.pages++
			for (const {key} of page) if (key !== keys.at(i++)) throw new Error(`${key} is out of order`)
			taken.keys += page.length
			taken.mostHeld = Math.max(taken.mostHeld, taken.requests - taken.pages)
		}
	}
	const over = {is: false}
	const reading = read().finally(() => (over.is = true))
	while (!over.is) {
		await turn()
		const answered = waiting
		if (answered.length === 0) continue
		waiting = []
		taken.trips++
		taken.mostAtOnce = Math.max(taken.mostAtOnce, answered.length)
		for (const go of answered) go()
	}
	await reading
	return taken
}

const digits = (i: number, width: number): string => String(i).padStart(width, '0')
const keysOf = (length: number, at: (i: number) => string): Keys => ({length, at})
const sorted = (keys: readonly string[]): Keys => {
	const all = [...new Set(keys)].toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
	return keysOf(all.length, (i) => all[i] ?? '')
}

/** 1,000 keys a directory, 1,000 directories in each of the upper ones. */
const TREE = (count: number): Keys =>
	keysOf(
		count,
		(i) =>
			`d${digits(Math.floor(i / 1e6), 2)}/e${digits(Math.floor(i / 1000) % 1000, 3)}/file-${digits(i % 1000, 3)}`,
	)

test('a list that fits a page or two takes no other requests', async (t) => {
	for (const count of [0, 1, 999, 1000, 1001, 2000]) {
		const {keys, requests, trips} = await take(TREE(count))
		t.deepEqual(
			{keys, requests, trips},
			{keys: count, requests: Math.max(1, Math.ceil(count / PAGE)), trips: requests},
		)
	}
})

test('200,000 keys in directories take a fourth of the round trips, with half as many requests more at worst', async (t) => {
	const {keys, requests, trips, mostHeld, mostAtOnce} = await take(TREE(200_000))
	t.is(keys, 200_000)
	t.true(trips < 50, `${trips} round trips`)
	t.true(requests < 310, `${requests} requests`)
	t.true(mostAtOnce <= WIDTH + 1, `${mostAtOnce} at once`)
	t.true(mostHeld <= HELD, `${mostHeld} pages held`)
})

test('ten times as many take no more memory', async (t) => {
	const {keys, requests, trips, mostHeld} = await take(TREE(2e6))
	t.is(keys, 2e6)
	t.true(trips < 400, `${trips} round trips`)
	t.true(requests < 3100, `${requests} requests`)
	t.true(mostHeld <= HELD, `${mostHeld} pages held`)
})

test('a flat list costs a handful of requests more, and no round trips but those', async (t) => {
	for (const [keys, prefix] of [
		[keysOf(200_000, (i) => `file-${digits(i, 7)}`), ''],
		[keysOf(200_000, (i) => `deep/down/file-${digits(i, 7)}`), ''],
		[keysOf(200_000, (i) => `deep/down/file-${digits(i, 7)}`), 'deep/down/'],
	] as const) {
		const {requests, trips} = await take(keys, prefix)
		t.true(requests <= 220, `${requests} requests`)
		t.is(trips, requests)
	}
})

test('directories of all sizes are listed ahead too', async (t) => {
	// and what part of the pages there may be round trips: a directory that is longer than what may wait is not cut
	const shapes: Readonly<Record<string, readonly [Keys, number]>> = {
		'ten keys each': [keysOf(100_000, (i) => `a/${digits(Math.floor(i / 10), 6)}/${i % 10}`), 0.4],
		'one file beside each': [
			keysOf(
				100_000,
				(i) => `a/${digits(Math.floor(i / 20), 6)}${i % 20 === 0 ? '' : `/${digits(i % 20, 2)}`}`,
			),
			0.4,
		],
		'20,000 each': [
			keysOf(300_000, (i) => `${digits(Math.floor(i / 20_000), 3)}/x${digits(i % 20_000, 6)}`),
			1.05,
		],
		'one large among small ones': [
			keysOf(300_000, (i) =>
				i < 100_000 || i >= 200_000
					? `${digits(Math.floor(i / 100), 6)}/${digits(i % 100, 3)}`
					: `001000/${digits(i, 7)}`,
			),
			0.65,
		],
	}
	for (const [shape, [keys, part]] of Object.entries(shapes)) {
		const {keys: found, requests, trips} = await take(keys)
		t.is(found, keys.length, shape)
		t.true(requests < 1.6 * (keys.length / PAGE) + 10, `${shape}: ${requests} requests`)
		t.true(trips < part * (keys.length / PAGE) + 10, `${shape}: ${trips} round trips`)
	}
})

test('whatever the keys, a list is complete and in order', async (t) => {
	const name = fc.constantFrom('a', 'b', 'aa', 'ab', '!', '0', '~', '\u00e9', '\u{ffee}', '\u{1f600}', '')
	const key = fc.array(name, {minLength: 1, maxLength: 4}).map((names) => names.join('/'))
	const crowd = fc.record({
		base: key,
		count: fc.integer({min: 1, max: 3000}),
		each: fc.constantFrom(1, 7, 40, 900),
	})
	await fc.assert(
		fc.asyncProperty(
			fc.array(key),
			fc.array(crowd, {maxLength: 6}),
			fc.constantFrom('', 'a', 'a/', 'b'),
			async (some, crowds, prefix) => {
				const many = crowds.flatMap(({base, count, each}) =>
					Array.from(
						{length: count},
						(_, i) => `${base}${digits(Math.floor(i / each), 4)}/${digits(i % each, 4)}`,
					),
				)
				const keys = sorted([...some, ...many].filter((k) => k !== ''))
				const all = Array.from({length: keys.length}, (_, i) => keys.at(i)).filter((k) =>
					k.startsWith(prefix),
				)
				t.is((await take(keys, prefix)).keys, all.length)
				const after = all[all.length >> 1]
				if (after !== undefined)
					t.is((await take(keys, prefix, after)).keys, all.length - (all.length >> 1) - 1)
			},
		),
		{numRuns: 15},
	)
})

test('the order of keys is that of their bytes', (t) => {
	fc.assert(
		fc.property(fc.string({unit: 'grapheme'}), fc.string({unit: 'grapheme'}), (a, b) => {
			t.is(isLater(a, b), Buffer.compare(Buffer.from(a), Buffer.from(b)) > 0)
		}),
	)
})

test('a store that begins where it likes is listed once all the same', async (t) => {
	const keys = TREE(30_000)
	let requests = 0
	const ask: AskPage = async (request) => {
		requests++
		return answer(keys, {...request, after: undefined})
	}
	const found: string[] = []
	for await (const page of listAhead(ask, '', undefined)) found.push(...page.map(({key}) => key))
	t.deepEqual(
		found,
		Array.from({length: keys.length}, (_, i) => keys.at(i)),
	)
	t.true(requests < 400, `${requests} requests`)
})

test('names of directories that make no sense cut nothing off', async (t) => {
	const keys = TREE(20_000)
	for (const prefixes of [['zzz/'], ['d00/', 'd00/', 'a/', 'd00/e005/', 'd00/e003/', 'd00/e019/'], ['']]) {
		const ask: AskPage = async (request) => {
			const page = answer(keys, request)
			return request.delimiter === undefined ? page : {objects: [], prefixes, next: 'again'}
		}
		const found: string[] = []
		for await (const page of listAhead(ask, '', undefined)) found.push(...page.map(({key}) => key))
		t.deepEqual(
			found,
			Array.from({length: keys.length}, (_, i) => keys.at(i)),
		)
	}
})

test('what fails ahead is heard of in its place, and who stops reading stops the requests', async (t) => {
	const keys = TREE(200_000)
	let requests = 0
	const ask: AskPage = async (request) => {
		requests++
		if ((request.token ?? request.after ?? '') > 'd00/e050') throw new Error('no')
		return answer(keys, request)
	}
	let found = 0
	await t.throwsAsync(
		async () => {
			for await (const page of listAhead(ask, '', undefined)) found += page.length
		},
		{message: 'no'},
	)
	t.true(found >= 40_000 && found <= 51_000, `${found} keys`)
	requests = 0
	for await (const page of listAhead(ask, '', undefined))
		if (page.at(-1)?.key.startsWith('d00/e010') === true) break
	const before = requests
	for (let i = 0; i < 20; i++) await turn()
	t.true(requests - before <= WIDTH, `${requests - before} requests behind the end`)
})

type Allocated = {readonly selfSize: number; readonly children: readonly Allocated[]}
const sizeOf = ({selfSize, children}: Allocated): number =>
	children.reduce((sum, child) => sum + sizeOf(child), selfSize)

test.serial('a key takes an object, two texts and a time, and nothing else', async (t) => {
	const object = (i: number): string =>
		`<Contents><Key>d00/e000/file-${digits(i, 3)}.txt</Key><LastModified>2026-11-25T22:51:0${i % 10}.000Z</LastModified><ETag>&quot;d41d8cd98f00b204e9800998ecf8427e&quot;</ETag><Size>${i}</Size><StorageClass>STANDARD</StorageClass></Contents>`
	const objects = Array.from({length: PAGE}, (_, i) => object(i)).join('')
	const page = Buffer.from(`<ListBucketResult><EncodingType>url</EncodingType>${objects}</ListBucketResult>`)
	const read = (times: number): void => {
		for (let i = 0; i < times; i++) t.is(readPage(page)?.objects.length, PAGE)
	}
	// what compiling takes does not count
	read(100)
	const session = new Session()
	session.connect()
	await session.post('HeapProfiler.startSampling', {
		samplingInterval: 4096,
		includeObjectsCollectedByMajorGC: true,
		includeObjectsCollectedByMinorGC: true,
	})
	read(50)
	const {profile} = await session.post('HeapProfiler.stopSampling')
	session.disconnect()
	const bytes = sizeOf(profile.head) / (50 * PAGE)
	// about 215: the object 72, the key 56, the ETag 48, the time 16, and the array as it grows
	t.true(bytes > 100 && bytes < 300, `${bytes} bytes a key`)
})
