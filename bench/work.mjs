// The place of a run: a temporary directory, the programs that are compiled into it, and the processes that were started.
// Whatever way the run ends, the processes are stopped and the directory is removed.

import {spawn, spawnSync} from 'node:child_process'
import {once} from 'node:events'
import {
	closeSync,
	mkdirSync,
	mkdtempSync,
	openSync,
	readFileSync,
	rmSync,
	statfsSync,
	writeSync,
} from 'node:fs'
import {availableParallelism, loadavg, tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'

/** Why the benchmark cannot be run here; the message is for the user. */
export class CannotRun extends Error {}

/** What the user's own settings would change, and what a run sets itself. */
const NOT_INHERITED = /^(AWS|RCLONE|S3|S3R|S5CMD|MC|GIT|NODE)_|^(HOME|XDG_CONFIG_HOME|XDG_CACHE_HOME)$/

/** statfs(2) */
const TMPFS = 0x01021994
const PIECE = Buffer.alloc(2 ** 20, 1)

export class Work {
	dir = mkdtempSync(join(tmpdir(), 's3r-bench.'))
	/** That of the sinks, where they are reached over TLS: the file that tools trust, and the one that is shown. */
	certificate
	#running = new Set()
	#atEnd = []
	#count = 0
	#isClosed = false

	/** A new, empty directory; a name is only for people who look. */
	newDir(name) {
		const dir = join(this.dir, `${++this.#count}-${name}`)
		mkdirSync(dir)
		return dir
	}

	/**
	 * Has the memory of files that will come used once, where they lie in memory. The host of a virtual machine gives it page for page, 10 us
	 * each, when it is first used: whichever tool comes first would pay that for all.
	 */
	touch(bytes) {
		if (statfsSync(this.dir).type !== TMPFS) return
		const file = join(this.dir, 'touched')
		const fd = openSync(file, 'w')
		for (let at = 0; at < bytes; at += PIECE.length) writeSync(fd, PIECE)
		closeSync(fd)
		rmSync(file)
	}

	/** Compiles a program of this directory, and says where it is. */
	compile(source) {
		const program = join(this.dir, source.replace(/\.c$/, ''))
		const file = fileURLToPath(new URL(source, import.meta.url))
		const compiled = (...how) =>
			spawnSync('cc', ['-O2', ...how, '-w', '-pthread', '-o', program, file], {encoding: 'utf8'})
		// the wider the vectors of the processor, the less of it a sink takes from those that are measured
		const native = compiled('-march=native')
		const {status, error, stderr} = native.status === 0 ? native : compiled()
		if (error) throw new CannotRun(`cannot run cc, which compiles '${source}': ${error.message}`)
		if (status !== 0) throw new CannotRun(`cannot compile '${source}':\n${stderr}`)
		return program
	}

	/** Starts a program that is ended with the run, unless it ends earlier. */
	start(words, options) {
		if (this.#isClosed) throw new CannotRun('ended')
		const child = spawn(words[0], words.slice(1), options)
		this.#running.add(child)
		child.once('close', () => this.#running.delete(child))
		child.once('error', () => this.#running.delete(child))
		return child
	}

	/** Has this done when the run ends, the last first. */
	atEnd(task) {
		this.#atEnd.push(task)
	}

	/** The environment of a tool: that of the user, without settings that would make the run another one. */
	environment(home) {
		const kept = Object.entries(process.env).filter(([name]) => !NOT_INHERITED.test(name))
		const {cert} = this.certificate ?? {}
		// s3r, aws and s3cmd, and what is written in Go
		const trusted = cert === undefined ? {} : {AWS_CA_BUNDLE: cert, SSL_CERT_FILE: cert}
		return {
			...Object.fromEntries(kept),
			...trusted,
			HOME: home,
			TMPDIR: this.dir,
			LC_ALL: 'C.UTF-8',
			NO_COLOR: '1',
		}
	}

	/** Stops everything that was started, and removes the directory. */
	async close() {
		this.#isClosed = true
		for (const task of this.#atEnd.splice(0).toReversed()) await task()
		await Promise.all([...this.#running].map((child) => stop(child)))
		rmSync(this.dir, {recursive: true, force: true})
	}
}

/** Ends a process of ours: it is asked to, and after 5 s made to. */
export async function stop(child) {
	if (child.exitCode !== null || child.signalCode !== null) return
	const over = once(child, 'close')
	child.kill('SIGTERM')
	const timer = setTimeout(() => child.kill('SIGKILL'), 5000)
	await over
	clearTimeout(timer)
}

/** Refuses to begin what the disk has no room for; inodes count as well as bytes. */
export function needDisk(dir, {bytes, files}) {
	const {bavail, bsize, ffree, files: inodes} = statfsSync(dir)
	if (bavail * bsize < bytes)
		throw new CannotRun(
			`${gib(bytes)} are needed in '${dir}', ${gib(bavail * bsize)} are free: see --scale, or TMPDIR`,
		)
	if (inodes > 0 && ffree < files)
		throw new CannotRun(`${files} inodes are needed in '${dir}', ${ffree} are free`)
}

/** Refuses to begin what the memory has no room for. */
export function needMemory(bytes) {
	const available = availableMemory()
	if (available < bytes)
		throw new CannotRun(
			`${gib(bytes)} of memory are needed, ${gib(available)} are free: see --scale and --tools`,
		)
}

function availableMemory() {
	const line = /^MemAvailable: +(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'))
	return Number(line?.[1] ?? 0) * 1024
}

/** What machine this is, as far as the figures depend on it, and how busy it is. */
export function machine() {
	const info = readFileSync('/proc/meminfo', 'utf8')
	const memory = Number(/^MemTotal: +(\d+)/m.exec(info)?.[1] ?? 0) * 1024
	const cpu = /^model name\s*: (.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? process.arch
	const [kernel] = readFileSync('/proc/sys/kernel/osrelease', 'utf8').split(/[-\n]/)
	const fileSystem = spawnSync('stat', ['-f', '-c', '%T', tmpdir()], {encoding: 'utf8'}).stdout.trim()
	const cores = availableParallelism()
	return {cores, cpu, memory, fileSystem, kernel, node: process.version, load: loadavg()[0]}
}

function gib(bytes) {
	return `${(bytes / 2 ** 30).toFixed(1)} GiB`
}
