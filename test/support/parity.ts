// The same client command, once against a genuine rsync and once against ours.

import {execFile, type ExecFileException} from 'node:child_process'
import {mkdir, writeFile} from 'node:fs/promises'
import {join} from 'node:path'

export const RSYNC = process.env['S3R_TEST_RSYNC'] ?? 'rsync'

export type Outcome = {
	readonly status: number
	/** Lines of items and of --stats, sorted; without what depends on the speed, the bytes of the protocol, or the run. */
	readonly lines: readonly string[]
	/** Something was said on stderr; the words are not the same. */
	readonly complained: boolean
	/** For messages of the test. */
	readonly stderr: string
}

/** Lines that two runs of the genuine rsync do not have in common, or that are of what the protocol costs. */
const OF_THE_RUN = [
	/^sent [\d,]+ bytes {2}received/,
	/^total size is /,
	/^Total bytes (sent|received): /,
	/^File list (size|generation time|transfer time): /,
	/^(sending incremental|building|receiving( incremental)?) file list/,
	/^\s*$/,
]

export type Env = Readonly<Record<string, string>>

export function client(
	args: readonly string[],
	cwd: string,
	env: Env,
	program: string = RSYNC,
): Promise<Outcome> {
	return new Promise((resolve) => {
		const done = (error: ExecFileException | null, stdout: string, stderr: string): void => {
			const lines = stdout.split('\n').filter((line) => !OF_THE_RUN.some((pattern) => pattern.test(line)))
			resolve({
				status: error === null ? 0 : Number(error.code ?? -1),
				lines: lines.toSorted(),
				complained: stderr.trim() !== '',
				stderr,
			})
		}
		const options = {cwd, env: {...process.env, ...env}, encoding: 'latin1', maxBuffer: 1 << 26} as const
		execFile(program, args, options, done)
	})
}

/** A remote shell and a daemon that are genuine, each for a directory. */
export type Genuine = {readonly rsh: string; readonly env: Env; readonly root: string}

export async function genuine(directory: string): Promise<Genuine> {
	const root = join(directory, 'genuine')
	await mkdir(root)
	const rsh = join(directory, 'genuine-rsh')
	// As ssh does: away with the host, and the rest to a shell.
	await writeFile(rsh, `#!/bin/sh\nshift\ncd '${root}'\nexec sh -c "$*"\n`, {mode: 0o755})
	const config = join(directory, 'rsyncd.conf')
	await writeFile(
		config,
		`use chroot = no\nmunge symlinks = no\nmax verbosity = 9\nuid = 0\ngid = 0\nlog file = ${directory}/rsyncd.log\n` +
			`[testrsync]\npath = ${root}\nread only = no\n[pushed]\npath = ${root}/a\nread only = no\n`,
	)
	return {rsh, root, env: {RSYNC_CONNECT_PROG: `${RSYNC} --daemon --config=${config}`}}
}
