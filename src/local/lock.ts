// A lock is a file that says who holds it; it is made with O_EXCL and removed by its holder.
//
// The lock of a process that died is removed by whoever holds the lock of the same name with '~' behind
// it, and finds the dead one's still there. So of two that saw the same dead lock, neither can remove
// the lock that the other has made meanwhile.

import {closeSync, openSync, readFileSync, writeSync} from 'node:fs'
import {hostname} from 'node:os'
import {setTimeout as sleep} from 'node:timers/promises'
import {errnoOf, fatal, reason} from '../base/errors.ts'
import {forFs, fromUnicode, type Path} from '../base/path.ts'
import {shown} from '../base/quote.ts'
import {type Identity, isDead, self} from './identity.ts'
import {removeFile} from './remove-file.ts'
import {lstatExact} from './stat.ts'

export type LockOptions = {
	/** Milliseconds to wait for another holder; 5 s without. */
	readonly wait?: number | undefined
	readonly signal?: AbortSignal | undefined
	/** What the holder is doing, for those who wait for it. */
	readonly command?: string | undefined
}

export type Lock = {
	/** Removes the lock file; again does nothing. */
	release(): void
}

const WAIT = 5000
/** Milliseconds after which a lock that is not whole is taken for one that will never be. */
const UNFINISHED = 1000
/** Milliseconds between two attempts. */
const PAUSE = 50

/**
 * Takes the lock `file`, after waiting for one that lives, in place of one that died. Throws an S3rError
 * that says who holds it, or the signal's reason.
 */
export async function acquireLock(file: Path, options: LockOptions = {}): Promise<Lock> {
	const {wait = WAIT, signal, command = 's3r'} = options
	const until = performance.now() + wait
	for (;;) {
		signal?.throwIfAborted()
		const lock = take(file, command)
		if (lock !== undefined) return lock
		if (performance.now() >= until) throw held(file)
		await sleep(PAUSE, undefined, signal ? {signal} : {})
	}
}

/** The lock, or undefined if somebody else has it. */
function take(file: Path, command: string): Lock | undefined {
	const text = describe(command)
	if (create(file, text)) return {release: () => release(file, text)}
	const other = textOf(file)
	if (other === undefined || !isDeadLock(file, other)) return undefined
	return removeDead(file, other, command) ? take(file, command) : undefined
}

/**
 * Whether nobody holds a lock that says `text`. One that says nothing, or half of it, is of a process that was
 * killed while it made it; should that one only have slept, it sees that its lock was taken.
 */
function isDeadLock(file: Path, text: string): boolean {
	const owner = parse(text)
	if (owner !== undefined) return isDead(owner)
	const stat = lstatExact(file)
	return stat !== undefined && Date.now() - Number(stat.mtime / 1_000_000n) > UNFINISHED
}

/** Removes the lock that a dead process left; false if somebody else is about to. */
function removeDead(file: Path, dead: string, command: string): boolean {
	const guard = take(`${file}~`, command)
	if (guard === undefined) return false
	try {
		if (textOf(file) === dead) removeFile(file)
		return true
	} finally {
		guard.release()
	}
}

/** Makes the lock file; false if there is one, or if somebody took this one for dead before it was written. */
function create(file: Path, text: string): boolean {
	let fd: number | undefined
	try {
		fd = openSync(forFs(file), 'wx', 0o600)
		writeSync(fd, text)
		return textOf(file) === text
	} catch (error) {
		if (fd === undefined && errnoOf(error) === 'EEXIST') return false
		if (fd !== undefined) removeFile(file)
		throw fatal(`cannot lock ${name(file)}: ${reason(error)}`, undefined, error)
	} finally {
		if (fd !== undefined) closeSync(fd)
	}
}

function release(file: Path, text: string): void {
	if (textOf(file) === text) removeFile(file)
}

let count = 0

/** What a lock file says; no two say the same. */
function describe(command: string): string {
	const {pid, start, host} = self()
	const what = command.replace(/\s+/g, ' ')
	return `pid ${pid}\nstart ${start}\nhost ${host} ${hostname()}\nnumber ${++count}\ncommand ${what}\n`
}

function parse(text: string): (Identity & {hostname: string; command: string}) | undefined {
	const m = /^pid (\d+)\nstart (\d*)\nhost ([0-9a-f]{8}) (.*)\nnumber \d+\ncommand (.*)\n$/.exec(text)
	if (!m) return undefined
	const [, pid, start = '', host = '', named = '', command = ''] = m
	return {pid: Number(pid), start, host, hostname: named, command}
}

function textOf(file: Path): string | undefined {
	try {
		return readFileSync(forFs(file), 'utf8')
	} catch (error) {
		if (errnoOf(error) === 'ENOENT') return undefined
		throw fatal(`cannot read the lock ${name(file)}: ${reason(error)}`, undefined, error)
	}
}

function held(file: Path): Error {
	const owner = parse(textOf(file) ?? '')
	const who =
		owner === undefined
			? 'it does not say which'
			: `process ${owner.pid} on host '${owner.hostname}', '${owner.command}'`
	return fatal(
		`another s3r holds ${name(file)}`,
		`${who}; wait until it is done, or remove the file if it runs no more`,
	)
}

/** The file and the directory it lies in: '.s3rsync/index.lock'. */
const name = (file: Path): string => shown(fromUnicode(file.split('/').slice(-2).join('/')))
