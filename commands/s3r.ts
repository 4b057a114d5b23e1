#!/usr/bin/env node
// The process: the only file that touches its arguments, streams, signals and exit status.

import {setMaxListeners} from 'node:events'
import {writeSync} from 'node:fs'
import {constants} from 'node:os'
import {byteArguments, byteDirectory} from '../src/cli/argv.ts'
import {Io} from '../src/cli/io.ts'
import {interrupted, report, run} from '../src/cli/run.ts'
import {COMMANDS} from './table.ts'

const {env} = process

let made: AbortController | undefined
/** What the first signal aborts: made for who asks, since that takes longer than some commands do. */
function stop(): AbortController {
	if (made) return made
	made = new AbortController()
	// Every request under way listens for it.
	setMaxListeners(0, made.signal)
	return made
}

for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
	process.on(name, () => {
		if (stop().signal.aborted) dieBy(name)
		else stop().abort(interrupted(constants.signals[name]))
	})

/** At once, as whoever does not listen: to exit would wait for threads, which may wait for a dead mount. */
function dieBy(name: NodeJS.Signals): void {
	process.removeAllListeners(name)
	process.kill(process.pid, name)
}

// rsync signals its remote shell with it when it fails, and node would open its debugger for it
process.on('SIGUSR1', () => {})

const secrets = [env['AWS_SECRET_ACCESS_KEY'] ?? '', env['AWS_SESSION_TOKEN'] ?? '']
const io = new Io(process, {
	secrets,
	direct: (bytes) => writeSync(1, bytes),
	get signal() {
		return stop().signal
	},
})
const fail = (error: unknown) => process.exit(report(error, {io, env, signal: stop().signal}))
process.on('uncaughtException', fail)

// node ends, and says that all is well, where what a command waits for cannot come any more
process.on('beforeExit', () => fail(new Error('it waits for what cannot come')))

const cwd = byteDirectory(() => process.cwd())
const context = {
	io,
	cwd,
	env,
	umask: process.umask(),
	table: COMMANDS,
	get signal() {
		return stop().signal
	},
}
void run(byteArguments(process.argv.slice(2)), context).then((status) => process.exit(status))
