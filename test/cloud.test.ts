// What a store offers besides keeping bytes: the versions of what was.

import * as fs from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import test, {type ExecutionContext} from 'ava'
import {parseMoment} from '../src/format/moment.ts'
import {MemoryStore} from '../src/store/memory.ts'
import {type Result, s3r} from './support/run.ts'
import {CHANGES, treeOf, write} from './support/moments.ts'
import {keysOf} from './support/store.ts'

const HOUR = 3_600_000

function directory(t: ExecutionContext): string {
	const path = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 's3r-cloud-')))
	t.teardown(() => fs.rmSync(path, {recursive: true, force: true}))
	return path
}

/** A bucket that keeps versions, whose clock is set by hand, and a local side with it. */
class World {
	readonly store: MemoryStore
	readonly home: string
	readonly root: string
	/** Hours are counted from some that are over. */
	now = Math.floor(Date.now() / 1000) * 1000 - 1000 * HOUR
	readonly #t: ExecutionContext

	private constructor(t: ExecutionContext) {
		this.#t = t
		this.home = directory(t)
		this.root = join(this.home, 'root')
		this.store = new MemoryStore({bucket: 'memory', now: () => this.now})
		fs.mkdirSync(this.root)
	}

	static async open(t: ExecutionContext, {versioning = true} = {}): Promise<World> {
		const world = new World(t)
		await world.store.createBucket({versioning})
		await world.ok(['init', 'memory/home'])
		return world
	}

	run(argv: readonly string[], cwd = this.root): Promise<Result> {
		return s3r(argv, {cwd, env: {HOME: this.home}, openStore: async () => this.store})
	}

	/** Runs what must succeed, in silence on stderr. */
	async ok(argv: readonly string[], cwd?: string): Promise<string> {
		const {status, stdout, stderr} = await this.run(argv, cwd)
		this.#t.deepEqual({argv, status, stderr}, {argv, status: 0, stderr: ''})
		return stdout
	}

	/** Changes the files, and pushes them an hour later; resolves to the moment after it. */
	async push(change: (root: string) => void): Promise<string> {
		change(this.root)
		this.now += HOUR
		await this.ok(['push', '-a', '--delete'])
		this.now += HOUR
		return `@${this.now / 1000}`
	}
}

test('a tree is brought back as it was at each of five moments, and as it is', async (t) => {
	const world = await World.open(t)
	const moments: {readonly at: string; readonly tree: readonly string[]}[] = []
	for (const change of CHANGES) moments.push({at: await world.push(change), tree: treeOf(world.root)})
	const trees = new Set(moments.map(({tree}) => tree.join('\n')))
	t.is(trees.size, CHANGES.length)
	for (const [i, moment] of moments.entries()) {
		await world.ok(['clone', '-a', '--at', moment.at, 'memory/home', `clone-${i}`], world.home)
		t.deepEqual(treeOf(join(world.home, `clone-${i}`)), moment.tree, `clone at ${i}`)
	}
	for (const i of [2, 0, 3, 1, 4, 0]) {
		await world.ok(['pull', '-a', '--delete', '--at', moments[i]?.at ?? ''])
		t.deepEqual(treeOf(world.root), moments[i]?.tree, `pull at ${i}`)
		// going back changes nothing here, so there is nothing to send
		t.is(await world.ok(['push', '-av']), '')
	}
	await world.ok(['pull', '-a', '--delete'])
	t.deepEqual(treeOf(world.root), moments.at(-1)?.tree)
})

test('the remote is made what it was', async (t) => {
	const world = await World.open(t)
	const [first, second] = CHANGES
	const then = await world.push(first ?? (() => {}))
	const tree = treeOf(world.root)
	await world.push(second ?? (() => {}))
	await world.ok(['pull', '-a', '--delete', '--at', then])
	await world.ok(['fetch'])
	await world.ok(['push', '--force', '--delete'])
	await world.ok(['clone', '-a', 'memory/home', 'copy'], world.home)
	t.deepEqual(treeOf(join(world.home, 'copy')), tree)
})

test('a clone opens its remote once: it takes one set of credentials, and one connection to begin with', async (t) => {
	const world = await World.open(t)
	await world.push((root) => write(root, 'a', 'one'))
	let opened = 0
	const openStore = async () => {
		opened++
		return world.store
	}
	const run = {cwd: world.home, env: {HOME: world.home}, openStore}
	t.is((await s3r(['clone', '-a', 'memory/home', 'copy'], run)).status, 0)
	t.is(opened, 1)
})

test('what has changed here is in conflict with what was, too', async (t) => {
	const world = await World.open(t)
	const then = await world.push((root) => write(root, 'a', 'one'))
	await world.push((root) => write(root, 'a', 'two'))
	write(world.root, 'a', 'mine')
	const {status, stderr} = await world.run(['pull', '--at', then])
	t.is(status, 23)
	t.regex(stderr, /^error: 'a': it changed both here and on the remote\n/)
	t.is(fs.readFileSync(join(world.root, 'a'), 'utf8'), 'mine')
	await world.ok(['pull', '--force', '--at', then])
	t.is(fs.readFileSync(join(world.root, 'a'), 'utf8'), 'one')
})

test('objects are listed, fetched and printed as they were, by time and by version', async (t) => {
	const world = await World.open(t)
	const then = await world.push((root) => write(root, 'd/a', 'one'))
	await world.push((root) => write(root, 'd/a', 'three'))
	await world.push((root) => fs.rmSync(join(root, 'd'), {recursive: true}))
	t.regex(await world.ok(['ls-remote', '--at', then]), /^- 3 \d+\.0+ etag:\S+\td\/a$/m)
	t.is(await world.ok(['cat-object', '--at', then, 'd/a']), 'one')
	t.is(await world.ok(['cat-object', '--at', then, '--range', '1-1', 'd/a']), 'n')
	const versions = await world.ok([
		'ls-versions',
		'--format',
		'%(version) %(size) %(latest) %(deleted)',
		'd/a',
	])
	const ids = versions.split('\n').map((line) => line.split(' '))
	t.deepEqual(
		ids.map(([, ...rest]) => rest.join(' ')),
		[' true true', '5 false ', '3 false ', ''],
	)
	t.is(await world.ok(['cat-object', '--version', ids[1]?.[0] ?? '', 'd/a']), 'three')
	await world.ok(['get', '--version', ids[1]?.[0] ?? '', 'd/a', join(world.home, 'got')])
	t.is(fs.readFileSync(join(world.home, 'got'), 'utf8'), 'three')
	await world.ok(['get', '-r', '--at', then, 'd', join(world.home, 'old/')])
	t.is(fs.readFileSync(join(world.home, 'old/d/a'), 'utf8'), 'one')
	t.like(await world.run(['cat-object', 'd/a']), {status: 128})
	t.like(await world.run(['get', '--version', 'none', 'd/a', '-']), {status: 23, stdout: ''})
})

test('what was deleted is brought back, and is what a push finds there', async (t) => {
	const world = await World.open(t)
	await world.push((root) => {
		write(root, 'd/a', 'one')
		write(root, 'd/b', 'two')
		write(root, 'dx', 'three')
	})
	await world.push((root) => {
		fs.rmSync(join(root, 'd'), {recursive: true})
		fs.rmSync(join(root, 'dx'))
	})
	await world.store.delete('home/d/a')
	t.is(
		await world.ok(['rm', '--undo', '-rnv', 'd']).then((text) => text.replace(/^(.).*\t/gm, '$1 ')),
		'A d/\nA d/a\nA d/b\n',
	)
	t.deepEqual((await keysOf(world.store, 'home/d')).length, 0)
	t.is(await world.ok(['rm', '--undo', '-r', 'd']), '')
	t.deepEqual(await keysOf(world.store, 'home/d'), ['home/d/', 'home/d/a', 'home/d/b'])
	await world.ok(['pull'])
	t.is(fs.readFileSync(join(world.root, 'd/a'), 'utf8'), 'one')
	t.is(await world.ok(['push', '-av']), '')
	const again = await world.run(['rm', '--undo', 'd/a', 'nothing'])
	t.is(again.status, 23)
	t.regex(again.stderr, /'home\/d\/a': it is not deleted\n.*'home\/nothing': no such object/)
})

test('all versions go for good, and others stay', async (t) => {
	const world = await World.open(t)
	await world.push((root) => {
		write(root, 'd/a', 'one')
		write(root, 'da', 'other')
	})
	await world.push((root) => write(root, 'd/a', 'two'))
	await world.ok(['rm', 'd/a'])
	const lines = (text: string) => text.replace(/^(.) - (\S+) .*\t/gm, '$1 $2 ').split('\n')
	t.deepEqual(lines(await world.ok(['rm', '--versions', '-nv', 'd/a'])), [
		'D 3 d/a',
		'D 3 d/a',
		'D - d/a',
		'',
	])
	t.deepEqual(lines(await world.ok(['rm', '--versions', '-rv', 'd'])).length, 5)
	t.is(await world.ok(['ls-versions', '--name-only']).then((text) => text.replaceAll('./\n', '')), 'da\n')
	t.like(await world.run(['rm', '--versions', 'd/a']), {status: 23})
	t.like(await world.run(['rm', '--versions', '--undo', 'd/a']), {status: 129})
	// what is gone there is new here
	t.regex(await world.ok(['push', '-av']), /^A .*\td\/a$/m)
})

test('a bucket that keeps no versions is said to be one', async (t) => {
	const world = await World.open(t, {versioning: false})
	await world.push((root) => write(root, 'a', 'one'))
	const {status, stdout, stderr} = await world.run(['ls-remote', '--at', '@1'])
	t.deepEqual([status, stdout], [0, ''])
	t.regex(stderr, /^warning: bucket 'memory' keeps no versions: .*\nhint: /)
})

test('a time is how long ago, or a date', (t) => {
	const now = Date.parse('2026-11-25T12:00:00Z')
	const at = (text: string) => new Date(parseMoment('at', text, now)).toISOString()
	t.is(at('90s'), '2026-11-25T11:58:30.000Z')
	t.is(at('90m'), '2026-11-25T10:30:00.000Z')
	t.is(at('3h'), '2026-11-25T09:00:00.000Z')
	t.is(at('2d'), '2026-11-23T12:00:00.000Z')
	t.is(at('1w'), '2026-11-18T12:00:00.000Z')
	t.is(at('yesterday'), '2026-11-24T12:00:00.000Z')
	t.is(at('@1700000000'), '2023-11-14T22:13:20.000Z')
	t.is(at('2026-11-24T10:30Z'), '2026-11-24T10:30:00.000Z')
	t.is(at('2026-11-24 10:30:15+01:00'), '2026-11-24T09:30:15.000Z')
	t.is(at('2026-11-24'), new Date(2026, 10, 24).toISOString())
	t.is(at('Tue, 24 Nov 2026 10:30:00 GMT'), '2026-11-24T10:30:00.000Z')
	for (const text of [
		'',
		'3',
		'3y',
		'-3h',
		'2026-13-01',
		'2026-02-31',
		'now-ish',
		'2027-01-01',
		'@99999999999',
	])
		t.throws(() => parseMoment('at', text, now), {message: /is not a time|is still to come/}, text)
})

/** The lines of --stats that tell of requests and costs. */
const billOf = ({stderr}: Result): string[] =>
	stderr.split('\n').filter((line) => /^(requests|bytes|cost):/.test(line))

test('what a push or a pull would take is told before, and is what it takes', async (t) => {
	const world = await World.open(t)
	fs.appendFileSync(
		join(world.root, '.s3rsync/config'),
		'[price]\n\tput = 5\n\tpart = 1\n\tget = 0.4\n\treceived = 90\n',
	)
	write(world.root, 'large', 'x'.repeat(40 * 2 ** 20))
	for (const name of ['a', 'b', 'c']) write(world.root, name, `content of ${name}`)
	const [would, does] = [
		await world.run(['push', '-an', '--stats']),
		await world.run(['push', '-a', '--stats']),
	]
	t.deepEqual([would.status, does.status], [0, 0])
	const [bytes, requests, cost] = billOf(does)
	t.is(bytes, `bytes: ${40 * 2 ** 20 + 36} (40.0 MiB)`)
	t.is(requests, 'requests: 12 (put 4, list 1, part 7)')
	t.is(cost, 'cost: $0.03')
	t.deepEqual(billOf(would), [bytes, requests, 'cost: $0.03, estimated'])
	// the same the other way, into another place
	const other = join(world.home, 'other')
	fs.mkdirSync(other)
	await world.ok(['init', 'memory/home'], other)
	fs.appendFileSync(join(other, '.s3rsync/config'), '[price]\n\treceived = 90\n')
	const pulls = [
		await world.run(['pull', '-an', '--stats'], other),
		await world.run(['pull', '-a', '--stats'], other),
	]
	const [before, after] = pulls.map((result) => billOf(result).slice(1))
	t.deepEqual(before, ['requests: 6 (get 4, head 1, list 1)', 'cost: $3.77, estimated'])
	t.deepEqual(after, ['requests: 6 (get 4, head 1, list 1)', 'cost: $3.77'])
})

test('a run stops before more requests than were allowed, and the next goes on', async (t) => {
	const world = await World.open(t)
	for (let i = 0; i < 10; i++) write(world.root, `file-${i}`, String(i))
	const bills: string[] = []
	for (let runs = 1; ; runs++) {
		const {status, stdout, stderr} = await world.run(['push', '-av', '--max-requests', '4', '--stats'])
		if (status === 0) {
			bills.push(...billOf({status, stdout, stderr}))
			t.is(runs, 3)
			break
		}
		t.is(status, 25)
		t.regex(
			stderr,
			/^fatal: --max-requests=4 are made, and that was not all\nhint: the next run goes on where this one stopped\n$/,
		)
		t.is(stdout.split('\n').length - 1, 4)
	}
	t.is(bills[1], 'requests: 3 (put 3)')
	t.is((await keysOf(world.store, 'home/file-')).length, 10)
	const {status} = await world.run(['pull', '--max-requests', '0'])
	t.is(status, 25)
	t.is((await world.run(['push', '-a', '--max-requests', '0'])).status, 0)
	t.like(await world.run(['push', '-a', '--max-requests', 'few']), {status: 129})
})

test('a price that is none is an error', async (t) => {
	const world = await World.open(t)
	await world.push((root) => write(root, 'a', '1'))
	await world.ok(['config', 'price.put', 'cheap'])
	write(world.root, 'b', '1')
	t.like(await world.run(['push', '-a', '--stats']), {status: 128})
	await world.ok(['config', 'price.put', '1'])
	await world.ok(['config', 'price.parking', '1'])
	write(world.root, 'c', '1')
	const {status, stderr} = await world.run(['push', '-a', '--stats'])
	t.is(status, 128)
	t.regex(stderr, /^fatal: 'price.parking' is the price of nothing\nhint: one of put, copy, /m)
})

test('no byte is sent twice: what is renamed or there twice is copied before anything is deleted', async (t) => {
	const world = await World.open(t)
	await world.push((root) => {
		for (const name of ['a', 'b', 'd/c']) write(root, name, `content of ${name}`)
	})
	const asked: string[] = []
	const {store} = world
	for (const verb of ['put', 'copy', 'delete'] as const) {
		const method = store[verb].bind(store) as (...args: unknown[]) => Promise<never>
		store[verb] = async (...args: unknown[]) => {
			asked.push(`${verb} ${args.slice(0, verb === 'copy' ? 2 : 1).join(' ')}`.replaceAll('home/', ''))
			return method(...args)
		}
	}
	await world.push((root) => {
		fs.renameSync(join(root, 'a'), join(root, 'd/a'))
		fs.renameSync(join(root, 'd/c'), join(root, 'c'))
		fs.copyFileSync(join(root, 'b'), join(root, 'z'))
		fs.chmodSync(join(root, 'b'), 0o600)
		// new, and twice: one is sent
		write(root, 'n1', 'new content')
		write(root, 'n2', 'new content')
	})
	t.deepEqual(
		asked.filter((one) => one.startsWith('put') && !/root|\/$/.test(one)),
		['put n1'],
	)
	t.deepEqual(asked.filter((one) => one.startsWith('copy')).toSorted(), [
		'copy a d/a',
		'copy b b',
		'copy b z',
		'copy d/c c',
		'copy n1 n2',
	])
	t.deepEqual(asked.slice(-2).toSorted(), ['delete a', 'delete d/c'])
})
