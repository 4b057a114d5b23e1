// Makes dist/pack/<V8>-<architecture>/: every chunk with V8's code cache, for the node that runs this. The cache holds what
// V8 compiled while some commands ran here, so that none of it is compiled at their start.

import {spawn, spawnSync} from 'node:child_process'
import {EventEmitter, once} from 'node:events'
import {existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {createRequire} from 'node:module'
import {tmpdir} from 'node:os'
import {basename, join, resolve} from 'node:path'
import {setFlagsFromString} from 'node:v8'
import {Script} from 'node:vm'

const DIST = resolve(process.argv[3] ?? 'dist')
const PACK = join(DIST, 'pack', `${/^[\d.]+\d/.exec(process.versions.v8)?.[0]}-${process.arch}`)
const PROGRAM = join(DIST, 's3r.js')

/** What is run, in a local side whose remote holds an object. */
const COMMANDS = [
	['version'],
	['index'],
	['ls-index'],
	['ls-index', '-z', '--name-only', 'a'],
	['ls-local'],
	['diff-local'],
	['status'],
	['push', '-a'],
	['fetch'],
	['pull', '-a'],
	['diff-remote'],
	['ls-remote'],
	['ls-buckets'],
	['cat-object', 'a'],
	['get', 's3://bucket/a', 'copy'],
	['put', 'copy', 's3://bucket/copy'],
	['ls-uploads'],
	['hash-file', 'a'],
	['help'],
	['push', '-h'],
	['no-such-command'],
]

/** What is run where threads do what they can. */
const THREADED = [
	['push', '-a'],
	['clone', '-a', 'bucket', 'clone'],
]
/** Files that these send and fetch, of so many bytes: large ones are hashed by a thread of their own. */
const FILES = [100, 4096, 2 ** 21]

/** Those of these that take hardly longer than their start: what each of them loads lies in a file beside the chunks, as one script, too. */
const SHORT = new Set([
	'version',
	'ls-index',
	'ls-local',
	'status',
	'hash-file',
	'ls-remote',
	'ls-buckets',
	'cat-object',
])

/** Has another process run the commands, against a server in a directory of its own. */
async function makePack() {
	const dir = mkdtempSync(join(tmpdir(), 's3r-pack.'))
	// one of before would be taken for what is made here
	rmSync(PACK, {recursive: true, force: true})
	const server = spawn(
		process.execPath,
		[PROGRAM, 'serve', '--env', '--root', join(dir, 'store'), '--port', '0'],
		{
			stdio: ['ignore', 'pipe', 'inherit'],
		},
	)
	try {
		const [said] = await once(server.stdout, 'data')
		const settings = [...String(said).matchAll(/(AWS_\w+)=(\S+)/g)].map(([, name, value]) => [name, value])
		const options = {
			cwd: join(dir, 'local'),
			env: {HOME: dir, ...Object.fromEntries(settings)},
			encoding: 'utf8',
		}
		mkdirSync(options.cwd)
		writeFileSync(join(options.cwd, 'a'), 'a\n')
		for (const words of [
			[PROGRAM, 'init', '--create-bucket', 'bucket'],
			[import.meta.filename, 'warm', DIST],
		]) {
			const {status, stderr} = spawnSync(process.execPath, words, options)
			if (status !== 0) throw new Error(`${words.join(' ')} ended with ${status}: ${stderr}`)
		}
		// a command that fails there ends the process in its own way
		if (!existsSync(PACK)) throw new Error('no code cache was made: a command failed')
	} finally {
		server.kill()
		rmSync(dir, {recursive: true, force: true})
	}
}

/** Runs the commands in this process, and writes what V8 has compiled by then. */
async function warm() {
	// what was compiled stays, also if it is not used for a while
	setFlagsFromString('--no-flush-bytecode')
	// V8 takes a cache only where its flags are those that it was made with: those that a command sets are not
	createRequire(import.meta.url)('node:v8').setFlagsFromString = () => {}
	const scripts = new Map(
		readdirSync(join(DIST, 'chunk')).map((name) => [name, scriptOf(name, sourceOf(name))]),
	)
	const all = loadedBy((name) => scripts.get(name).script.runInThisContext())
	for (const words of COMMANDS) await run(all, words)
	for (const size of FILES) writeFileSync(`of ${size}`, Buffer.alloc(size))
	process.env.S3R_THREADS = '1'
	for (const words of THREADED) await run(all, words)
	delete process.env.S3R_THREADS
	const short = []
	for (const command of SHORT) short.push([command, await together(command, scripts)])
	setFlagsFromString('--flush-bytecode')
	mkdirSync(PACK, {recursive: true})
	writeFileSync(join(PACK, 'chunks.pack'), packOf(scripts))
	for (const [command, made] of short) writeFileSync(join(PACK, command), Buffer.concat(pairOf(made)))
	process.reallyExit(0)
}

/** What a command loads, as one script that makes a function of each chunk. */
async function together(command, scripts) {
	const lines = COMMANDS.filter(([name]) => name === command)
	const wanted = loadedBy((name) => scripts.get(name).script.runInThisContext())
	for (const words of lines) await run(wanted, words)
	const functions = [...wanted.loaded.keys()].map(
		(name) => `${JSON.stringify(name)}:${scripts.get(name).source.slice(1, -1)}`,
	)
	const made = scriptOf(command, `(function(){return{${functions.join(',')}}})`)
	// V8 keeps what was compiled of this script when it is run
	const evaluates = made.script.runInThisContext()()
	const own = loadedBy((name) => evaluates[name])
	for (const words of lines) await run(own, words)
	return made
}

/** Runs a command as the process would, and waits for its exit. */
function run({load}, words) {
	process.argv.splice(1, Infinity, 's3r', ...words)
	return new Promise((done, reject) => {
		process.exit = (status) =>
			status > 1 && status !== 129 ? reject(new Error(`${words}: ${status}`)) : done()
		load('main.js', true)
	})
}

/** Loads chunks as dist/s3r.js does it; `evaluate` gives the function that a chunk is. */
function loadedBy(evaluate) {
	const loaded = new Map()
	const requireNode = createRequire(join(DIST, 's3r.js'))
	const requireFrom = (name) => {
		if (name.startsWith('./')) return load(name.slice(2))
		return name === 'node:worker_threads' ? threads : requireNode(name)
	}
	/** `again`: evaluated also where it is loaded already, for that is what a command does with main.js. */
	const load = (name, again = false) => {
		const known = loaded.get(name)
		if (known !== undefined && !again) return known.exports
		const module = {exports: {}}
		loaded.set(name, module)
		evaluate(name)(module.exports, requireFrom, module, join(DIST, 'chunk', name), join(DIST, 'chunk'))
		return module.exports
	}
	/** A thread that is none: what it runs is to be compiled here. */
	class Beside extends EventEmitter {
		#port

		constructor({pathname}, {workerData} = {}) {
			super()
			const {port1, port2} = new MessageChannel()
			this.#port = port1.on('message', (message) => this.emit('message', message))
			Object.assign(threads, {parentPort: port2, workerData})
			load(basename(pathname).replace('-worker', ''), true)
			setImmediate(() => this.emit('online'))
		}

		postMessage(message) {
			this.#port.postMessage(message)
		}

		async terminate() {
			this.#port.close()
		}
	}
	const threads = {...requireNode('node:worker_threads'), Worker: Beside}
	return {load, loaded}
}

const sourceOf = (name) =>
	`(function(exports,require,module,__filename,__dirname){${readFileSync(join(DIST, 'chunk', name), 'latin1')}\n})`

const scriptOf = (name, source) => ({
	source,
	script: new Script(source, {filename: join(DIST, 'chunk', name)}),
})

/** A script's cache and its source, and the lengths of both. */
function pairOf({source, script}) {
	const pair = [script.createCachedData(), Buffer.from(source, 'latin1')]
	const lengths = Buffer.alloc(8)
	for (const [i, {length}] of pair.entries()) lengths.writeUInt32LE(length, 4 * i)
	return [...pair, lengths]
}

/** The length of the table, the table (where each chunk lies, how long it is, and its cache), and the chunks. */
function packOf(scripts) {
	const parts = [...scripts].map(([name, made]) => [name, ...pairOf(made)])
	// where the chunks begin depends on the table's length, and the table on where they begin
	for (let room = 0; ; room++) {
		let at = room
		const table = {}
		for (const [name, cache, source] of parts) {
			table[name] = [at, cache.length + source.length, cache.length]
			at += source.length + cache.length
		}
		const text = Buffer.from(JSON.stringify(table))
		if (text.length + 4 > room) continue
		const head = Buffer.alloc(room, ' ')
		head.writeUInt32LE(room - 4)
		text.copy(head, 4)
		return Buffer.concat([head, ...parts.flatMap(([, cache, source]) => [cache, source])])
	}
}

if (process.argv[2] === 'warm') await warm()
else await makePack()
