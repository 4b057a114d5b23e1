// Opens manual pages.

import {once} from 'node:events'
import {EXIT, errnoOf, fatal} from '../base/errors.ts'
import type {Command, Context} from './command.ts'
import {manualPage} from './package.ts'
import {usageText} from './usage.ts'

/** Opens the page of a command with man(1); where there is none, prints the usage and the page's path. */
export async function openManual(command: Command, context: Context): Promise<number> {
	const page = manualPage(`s3r-${command.name}`)
	if (page === undefined) throw fatal(`no manual page for '${command.name}'`)
	const status = await man(page)
	if (status !== undefined) return status
	await context.io.record(usageText(command))
	await context.io.record(`\nthe manual page is ${page}`)
	return EXIT.ok
}

/** Opens a page that belongs to no command (s3r-records, s3r-tutorial). */
export async function openPage(page: string, context: Context): Promise<number> {
	const status = await man(page)
	if (status === undefined) await context.io.record(page)
	return status ?? EXIT.ok
}

/** Runs man(1) on a file; resolves to its status, or undefined where there is no man. */
async function man(page: string): Promise<number | undefined> {
	// Loaded here, since it would cost every command 5 ms.
	const {spawn} = await import('node:child_process')
	const child = spawn('man', [page], {stdio: 'inherit'})
	try {
		const [code] = (await once(child, 'exit')) as [number | null]
		return code === 0 ? EXIT.ok : EXIT.fatal
	} catch (error) {
		if (errnoOf(error) === 'ENOENT') return undefined
		throw error
	}
}
