// s3r help: list the commands, or open a manual page.

import {EXIT, usage} from '../src/base/errors.ts'
import {shown} from '../src/base/quote.ts'
import {command, type Context} from '../src/cli/command.ts'
import {topicsOf} from '../src/cli/help-topics.ts'
import {openManual, openPage} from '../src/cli/manual.ts'
import {didYouMean} from '../src/cli/nearest.ts'
import {manualPage} from '../src/cli/package.ts'

export default command({
	name: 'help',
	summary: 'open the manual page of a command, or list the commands',
	synopsis: ['', '--names', '<command> | <page>'],
	flags: {
		names: {type: 'boolean', help: 'print the names of the commands, one a line'},
	},
	arity: [0, 1],

	async run(context, flags, [topic]) {
		if (topic !== undefined) return open(topic, context)
		if (flags.names !== true) return list(context)
		for (const name of Object.keys(context.table)) await context.io.record(name)
		return EXIT.ok
	},
})

async function list({io, table}: Context): Promise<number> {
	const width = Math.max(...Object.keys(table).map((name) => name.length))
	await io.record('usage: s3r <command> [<option>...] [<argument>...]')
	for (const {title, names} of topicsOf(table)) {
		await io.record(`\n${title}`)
		for (const name of names) await io.record(`    ${name.padEnd(width)}  ${table[name]?.summary}`)
	}
	await io.record(
		"\n's3r <command> -h' prints the options of a command, 's3r help <command>' opens its manual",
	)
	return EXIT.ok
}

/** Opens the page of a command, or one like s3r-records(5) that belongs to none. */
async function open(topic: string, context: Context): Promise<number> {
	const {table} = context
	if (Object.hasOwn(table, topic)) return openManual((await table[topic]!.load()).default, context)
	const page = manualPage(topic === 's3r' ? topic : `s3r-${topic.replace(/^s3r-/, '')}`)
	if (page !== undefined) return openPage(page, context)
	throw usage(`no manual page for ${shown(topic)}`, didYouMean(topic, Object.keys(table), 's3r help '))
}
