// The sums of files that are taken together, here and by a thread, are those that each has by itself.

import {createHash, hash, randomBytes} from 'node:crypto'
import * as fs from 'node:fs'
import {availableParallelism, tmpdir} from 'node:os'
import {join} from 'node:path'
import {setTimeout as wait} from 'node:timers/promises'
import test, {type ExecutionContext} from 'ava'
import {usableCores} from '../src/base/cores.ts'
import {joinedEtag, likeliestPartSize, partSize} from '../src/algo/parts.ts'
import {fileSum, sumOf, sumsOf} from '../src/sync/file-sum.ts'
import {Md5Threads} from '../src/sync/md5-thread.ts'
import {SumsThread} from '../src/sync/sums-thread.ts'
import {SumsTogether} from '../src/sync/sums-together.ts'

const MIB = 2 ** 20
const md5 = (bytes: Buffer): string => createHash('md5').update(bytes).digest('hex')

/** An open file, and the sums that it has. */
function made(t: ExecutionContext, size: number, part?: number) {
	const bytes = randomBytes(size)
	const dir = fs.mkdtempSync(join(tmpdir(), 's3r-sums-'))
	const fd = fs.openSync(join(dir, 'file'), 'w+')
	t.teardown(() => {
		fs.closeSync(fd)
		fs.rmSync(dir, {recursive: true})
	})
	fs.writeSync(fd, bytes)
	const parts: {etag: string}[] = []
	for (let at = 0; at < size; at += part ?? size)
		parts.push({etag: md5(bytes.subarray(at, at + (part ?? size)))})
	return {file: {fd, size, part}, sum: part === undefined ? md5(bytes) : joinedEtag(parts)}
}

const some = (t: ExecutionContext) =>
	[0, 1, MIB, 3 * MIB + 7, 2 * MIB, 5 * MIB].map((size, i) => made(t, size, i % 2 ? MIB : undefined))

test('sums taken together, one by one, or bit by bit', (t) => {
	const all = some(t)
	const files = all.map(({file}) => file)
	const wanted = all.map(({sum}) => sum)
	t.deepEqual(sumsOf(files), wanted)
	t.deepEqual(files.map(sumOf), wanted)
	for (const [i, {fd, size, part}] of files.entries()) {
		if (size === 0) continue
		const sum = fileSum(part)
		for (let at = 0; at < size; at += 2 * MIB) sum.add(fd, at, Math.min(at + 2 * MIB, size))
		t.is(sum.digest(), wanted[i] ?? '')
	}
	// shorter than was said
	for (const part of [undefined, MIB])
		t.throws(() => sumOf({...made(t, MIB).file, size: 2 * MIB, part}), {message: /cut short/})
})

test('files that come at the same time wait for each other, not for what does not come, nor for what fails', async (t) => {
	const sums = new SumsTogether()
	const all = some(t)
	t.deepEqual(
		await Promise.all(all.map(({file}, i) => sums.of(file, () => wait(i)))),
		all.map(({sum}) => sum),
	)
	let end = () => {}
	const late = sums.of(made(t, 1).file, () => new Promise<void>((resolve) => (end = resolve)))
	const failing = sums.of(made(t, 1).file, () => Promise.reject(new Error('it broke')))
	const whole = made(t, MIB)
	const short = {...made(t, 1).file, size: 2}
	const cut = t.throwsAsync(
		sums.of(short, () => Promise.resolve()),
		{message: /cut short/},
	)
	t.is(await sums.of(whole.file, () => Promise.resolve()), whole.sum)
	await cut
	await t.throwsAsync(failing, {message: 'it broke'})
	end()
	await late
})

test('a thread takes sums together when they are awaited, or enough', async (t) => {
	let isAwaited = false
	const thread = new SumsThread(() => isAwaited)
	t.teardown(() => thread.close())
	const hasThreads = availableParallelism() > 1
	const answer = (sum: string) => (hasThreads ? {md5: sum, sha256: []} : undefined)
	const eight = Array.from({length: 8}, (_, i) => made(t, MIB + i))
	const asked = eight.map(({file}) => thread.hash(file))
	t.deepEqual(
		await Promise.all(asked),
		eight.map(({sum}) => answer(sum)),
	)
	const one = made(t, MIB)
	const first = thread.hash(one.file)
	const soon = Symbol('nobody waits')
	t.is(await Promise.race([first, wait(50, soon)]), hasThreads ? soon : undefined)
	isAwaited = true
	thread.look()
	t.deepEqual(await first, answer(one.sum))
	const unreadable = thread.hash({fd: one.file.fd, size: 2 * MIB})
	t.is(await unreadable, undefined)
	isAwaited = false
	const left = thread.hash(one.file)
	await thread.close()
	t.is(await left, undefined)
	isAwaited = true
	t.deepEqual(await thread.hash(one.file), answer(one.sum))
})

/** The SHA-256 of each piece of an open file, in hex. */
function sha256Of({fd, size}: {readonly fd: number; readonly size: number}, piece: number): string[] {
	const bytes = fs.readFileSync(`/proc/self/fd/${fd}`)
	const sums: string[] = []
	for (let at = 0; at < size; at += piece) sums.push(hash('sha256', bytes.subarray(at, at + piece)))
	return sums
}

test('a thread takes the SHA-256 of the pieces of a file, too', async (t) => {
	if (availableParallelism() === 1) {
		t.log('SKIPPED: there is no core for a thread')
		t.pass()
		return
	}
	const thread = new SumsThread(() => true)
	t.teardown(() => thread.close())
	// more than one step of the lanes, pieces that end within one, a last one that is whole, and none but the last
	const cases = [
		[3 * MIB + 7, 100_003],
		[2 * MIB, MIB],
		[MIB, 5 * MIB],
	] as const
	for (const [size, piece] of cases) {
		const files = [1, 2, 3].map(() => made(t, size))
		const wanted = files.map(({file, sum}) => ({md5: sum, sha256: sha256Of(file, piece)}))
		t.deepEqual(await Promise.all(files.map(({file}) => thread.hash(file, piece))), wanted)
		// by itself, as the first is
		t.deepEqual(await thread.hash((files[0] as (typeof files)[0]).file, piece), wanted[0])
	}
})

test('a thread takes the MD5 of bytes that are read for it, in their order, and is ended where they fail', async (t) => {
	if (availableParallelism() === 1) {
		t.log('SKIPPED: there is no core for a thread')
		t.pass()
		return
	}
	const threads = new Md5Threads()
	t.teardown(() => threads.close())
	const taken = (bytes: Buffer, most = Infinity) =>
		threads.md5(bytes.length, (memory, at) => {
			const piece = bytes.subarray(at, at + Math.min(memory.length, most))
			return Promise.resolve(memory.subarray(0, piece.copy(memory)))
		})
	for (const size of [0, 1, 2 * MIB, 19 * MIB + 7]) {
		const bytes = randomBytes(size)
		t.is(await taken(bytes), md5(bytes))
	}
	const large = Array.from({length: 3}, (_, i) => randomBytes(4 * MIB + i))
	const two = large.slice(0, 2)
	t.deepEqual(await Promise.all(two.map((bytes) => taken(bytes, 300_001))), two.map(md5))
	// there are no more threads than cores, and one is free again when its file is done
	const many = await Promise.all(Array.from({length: 6}, () => taken(large[0] as Buffer)))
	t.is(many.filter((sum) => sum !== undefined).length, Math.min(6, usableCores()))
	// cut short, then one that cannot be read: what was told of those is not in the MD5s of others
	t.is(
		await threads.md5(3 * MIB, (memory, at) => Promise.resolve(memory.subarray(0, at > 0 ? 0 : 1))),
		undefined,
	)
	const broken = threads.md5(3 * MIB, (memory, at) =>
		at > 0 ? Promise.reject(new Error('it broke')) : Promise.resolve(memory),
	)
	await t.throwsAsync(broken, {message: 'it broke'})
	t.is(await taken(large[0] as Buffer), md5(large[0] as Buffer))
})

test('the size of the parts that an ETag tells of, where one is far likelier than all others', (t) => {
	const etag = (count: number) => `${'a'.repeat(32)}-${count}`
	const size = 100 * MIB + 1
	t.is(likeliestPartSize(size, etag(13)), partSize(size))
	t.is(likeliestPartSize(size, etag(21)), 5 * MIB)
	// 50, 64 and more MiB
	t.is(likeliestPartSize(100 * MIB, etag(2)), undefined)
	for (const other of ['a'.repeat(32), 'no MD5-3', etag(100_000)])
		t.is(likeliestPartSize(size, other), undefined)
})
