// What a thread of a push does with a file of which the sums are known: it is sent while it is read, and is not in memory.

import {hash, randomBytes} from 'node:crypto'
import * as fs from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import test, {type ExecutionContext} from 'ava'
import {fromUnicode} from '../src/base/path.ts'
import type {Remote} from '../src/format/remote.ts'
import {MemoryStore} from '../src/store/memory.ts'
import type {Body, PutOptions} from '../src/store/store.ts'
import {type KnownSums, sending} from '../src/sync/crew-send.ts'

const SIZE = 3 * 2 ** 20 + 5

/** A store that tells what it is given. */
class Watched extends MemoryStore {
	readonly bodies: Body[] = []

	override put(key: string, body: Body, options?: PutOptions) {
		this.bodies.push(body)
		return super.put(key, body, options)
	}
}

/** A file, the thread's work on it, and what is known of its bytes. */
function made(t: ExecutionContext) {
	const root = fs.mkdtempSync(join(tmpdir(), 's3r-crew-'))
	t.teardown(() => fs.rmSync(root, {recursive: true}))
	const bytes = randomBytes(SIZE)
	const file = join(root, 'file')
	fs.writeFileSync(file, bytes)
	const store = new Watched()
	const job = {
		kind: 'send',
		remote: {bucket: store.bucket, prefix: ''} as Remote,
		root: fromUnicode(root),
	} as const
	const work = sending(job, store)
	const {ino, ctimeNs} = fs.lstatSync(file, {bigint: true})
	const send = (known: KnownSums) =>
		work.do(['put', 'file', 'key', '*', undefined, SIZE, ino, ctimeNs, known])
	const sums = {md5: hash('md5', bytes), sha256: hash('sha256', bytes)}
	return {file, bytes, store, work, send, ...sums}
}

test('a file whose sums are known is not held in memory, and stored as it is', async (t) => {
	const {bytes, store, work, send, md5, sha256} = made(t)
	const sent = await send([md5, sha256, true])
	t.like(sent, [SIZE, md5])
	t.deepEqual(sent?.[4], [md5, undefined])
	t.is(store.bodies.length, 1)
	t.false(Buffer.isBuffer(store.bodies[0]))
	const {head, body} = await store.get('key')
	const pieces: Buffer[] = []
	for await (const piece of body) pieces.push(piece)
	t.true(Buffer.concat(pieces).equals(bytes))
	t.regex(head.metadata['file-mtime'] ?? '', /^\d+ns$/)
	t.like(work.counts, {put: 1, sent: SIZE})
})

test('where the MD5 alone is known, and is not enough, the file is read first', async (t) => {
	const {store, send, md5} = made(t)
	t.like(await send([md5, undefined, false]), [SIZE, md5])
	t.true(Buffer.isBuffer(store.bodies[0]))
})

test('a file that is another by then is left to the caller, and nothing of it is stored', async (t) => {
	const {file, store, send, md5, sha256} = made(t)
	await t.throwsAsync(send([md5, hash('sha256', 'other'), true]), {message: /SHA-256/})
	await t.throwsAsync(send([hash('md5', 'other'), sha256, true]))
	fs.appendFileSync(file, 'more')
	t.is(await send([md5, sha256, true]), undefined)
	t.is(await store.head('key'), undefined)
})
