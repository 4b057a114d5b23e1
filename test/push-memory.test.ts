// What a push keeps of each file, so that 1,000,000 new ones fit: bounds of bytes, not times.

import {createHash} from 'node:crypto'
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {setImmediate as turn} from 'node:timers/promises'
import test, {type ExecutionContext} from 'ava'
import {fromUnicode, type Path} from '../src/base/path.ts'
import type {Entry} from '../src/format/entry.ts'
import {NO_DEVICE, type Stat} from '../src/local/stat.ts'
import {createPlace} from '../src/repo/find.ts'
import {IndexSession} from '../src/repo/session.ts'
import type {Store} from '../src/store/store.ts'
import {digestOf} from '../src/sync/attributes.ts'
import type {Files} from '../src/sync/files.ts'
import {push, type PushOptions} from '../src/sync/push.ts'
import {inUse} from './support/in-use.ts'

const PAGE = 1000
/** Files between two looks at the memory. */
const LOOK = 20_000
const [FEW, MANY] = [40_000, 100_000] as const

const pathOf = (i: number): Path =>
	`directory${String(Math.floor(i / PAGE)).padStart(4, '0')}/file${String(i % PAGE).padStart(4, '0')}.txt`
const bytesAt = (path: Path): Buffer => Buffer.from(path, 'latin1')
const md5At = (path: Path): string => createHash('md5').update(bytesAt(path)).digest('hex')
const owners = {userName: () => undefined, groupName: () => undefined}

const statAt = (path: Path): Stat => ({
	mode: 0o100644,
	size: path.length,
	mtime: 1_234_567_890_000_000_007n,
	ctime: 1_234_567_890_000_000_008n,
	ino: 9,
	dev: 1,
	nlink: 1,
	uid: 1000,
	gid: 100,
	blocks: 8,
	rdev: NO_DEVICE,
})

/** A disk that exists as numbers: every file holds its path. */
const files: Files = {
	hash: md5At,
	readLink: bytesAt,
	readXattrs: () => [],
	stat: statAt,
	open: (path) => ({
		stat: statAt(path),
		read: () => bytesAt(path),
		readInto: () => Promise.resolve(bytesAt(path)),
		unchanged: () => true,
		close() {},
	}),
}

let asked = 0
/** Answers at once, but for some, as a network does: the event loop has its turns. */
const now = async (): Promise<void> => {
	if (++asked % 64 === 0) await turn()
}

/** A bucket that takes everything and keeps nothing. */
const store = {
	conditional: true,
	put: async (key: string) => {
		await now()
		return {etag: md5At(fromUnicode(key))}
	},
	delete: now,
} as unknown as Store

/** What the index knows of a file that was looked at, and, with `sent`, that is on the remote too. */
function entryAt(i: number, sent: boolean): Entry {
	const path = pathOf(i)
	const {mode, size, mtime, ctime, uid, gid} = statAt(path)
	const local = {mode, size, mtime, ctime, ino: 9n, uid, gid, md5: md5At(path)}
	const attrs = digestOf(local, owners)
	if (!sent) return {path, local, attrs}
	const remote = {etag: local.md5, size, modified: 1_300_000_000, bound: true}
	return {path, base: {type: 8, md5: local.md5, attrs}, remote}
}

/** The most bytes in use while files are pushed, above what was in use before. */
async function most(
	t: ExecutionContext,
	count: number,
	{sent = false, ...how}: {readonly sent?: boolean} & Partial<PushOptions> = {},
): Promise<number> {
	const root = mkdtempSync(join(tmpdir(), 's3r-push-memory-'))
	const session = await IndexSession.open(createPlace(root))
	try {
		const before = inUse()
		const building = session.building()
		for (let i = 0; i < count; i++) building.add(entryAt(i, sent))
		session.adopt(building.finish({scanned: 1_300_000_000_000_000_000n, device: 1n}))
		let [done, peak] = [0, 0]
		await push({
			session,
			files,
			owners,
			prefix: '',
			open: () => Promise.resolve(store),
			events: {
				done() {
					if (++done % LOOK === 0) peak = Math.max(peak, inUse() - before)
				},
				failed: (path, error) => t.fail(`${path}: ${String(error)}`),
				vanished: (path) => t.fail(path),
				warn() {},
				moved() {},
			},
			...how,
		})
		t.is(done, count)
		return Math.max(peak, inUse() - before)
	} finally {
		session.end()
		rmSync(root, {recursive: true, force: true})
	}
}

/** Bytes that each file more takes. */
async function slope(t: ExecutionContext, how?: Parameters<typeof most>[2]): Promise<number> {
	const few = await most(t, FEW, how)
	return ((await most(t, MANY, how)) - few) / (MANY - FEW)
}

test.serial(
	'of a new file a push keeps a part of its MD5, and what it is planned, sent and noted by is on the disk',
	async (t) => {
		const each = await slope(t)
		t.true(each < 24, `${each} bytes`)
	},
)

test.serial(
	'of a file to be deleted a push keeps what its path has not in common with the one before',
	async (t) => {
		const each = await slope(t, {sent: true, delete: true})
		t.true(each < 24, `${each} bytes`)
	},
)

test.serial(
	'files of MiBs are read into memory that is used again, but for that of one that failed',
	async (t) => {
		const size = 2 * 2 ** 20
		const count = 12
		const statOf = (path: Path): Stat => ({...statAt(path), size})
		const contentOf = (path: Path): Buffer => Buffer.alloc(size, path, 'latin1')
		const used: ArrayBufferLike[] = []
		const large: Files = {
			...files,
			stat: statOf,
			open: (path) => ({
				...files.open(path),
				stat: statOf(path),
				read(_, length, memory) {
					if (!memory) throw new Error('there is no memory for it')
					used.push(memory.buffer)
					return memory.subarray(0, contentOf(path).copy(memory, 0, 0, length))
				},
			}),
		}
		const held: Buffer[] = []
		const taking = {
			conditional: true,
			async put(key: string, body: Buffer) {
				await turn()
				t.true(body.equals(contentOf(fromUnicode(key))), key)
				if (key === pathOf(3)) held.push(body)
				if (key === pathOf(3)) throw new Error('the network is gone')
				return {etag: createHash('md5').update(body).digest('hex')}
			},
		} as unknown as Store
		const root = mkdtempSync(join(tmpdir(), 's3r-push-memory-'))
		t.teardown(() => rmSync(root, {recursive: true, force: true}))
		const session = await IndexSession.open(createPlace(root))
		const building = session.building()
		for (let i = 0; i < count; i++) {
			const {local, ...rest} = entryAt(i, false)
			building.add({...rest, local: local && {...local, size}})
		}
		session.adopt(building.finish({scanned: 1_300_000_000_000_000_000n, device: 1n}))
		const failed: Path[] = []
		const events = {
			done() {},
			failed: (path: Path) => void failed.push(path),
			vanished() {},
			warn() {},
			moved() {},
		}
		const open = () => Promise.resolve(taking)
		await push({session, files: large, owners, prefix: '', open, events, jobs: 1})
		session.end()
		t.deepEqual(failed, [pathOf(3)])
		t.is(used.length, count)
		t.is(new Set(used).size, 2)
		t.true(held[0]?.equals(contentOf(pathOf(3))))
	},
)
