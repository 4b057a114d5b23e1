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

const stop = new AbortController()
const {signal} = stop
// Every request under way listens for it.
setMaxListeners(0, signal)
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
	process.on(name, () => {
		if (signal.aborted) dieBy(name)
		else stop.abort(interrupted(constants.signals[name]))
	})

/** At once, as whoever does not listen: to exit would wait for threads, which may wait for a dead mount. */
function dieBy(name: NodeJS.Signals): void {
	process.removeAllListeners(name)
	process.kill(process.pid, name)
}

// rsync signals its remote shell with it when it fails, and node would open its debugger for it
process.on('SIGUSR1', () => {})

const secrets = [env['AWS_SECRET_ACCESS_KEY'] ?? '', env['AWS_SESSION_TOKEN'] ?? '']
const io = new Io(process, {signal, secrets, direct: (bytes) => writeSync(1, bytes)})
process.on('uncaughtException', (error) => process.exit(report(error, {io, env, signal})))

const cwd = byteDirectory(() => process.cwd())
const argv = byteArguments(process.argv.slice(2))
void run(argv, {io, cwd, env, signal, umask: process.umask(), table: COMMANDS}).then((status) =>
	process.exit(status),
)
