// Arguments to exit status, with every effect passed in: what the process and the tests both call.

import {EXIT, errnoOf, reason, S3rError, usage} from '../base/errors.ts'
import {fromUnicode} from '../base/path.ts'
import {shown} from '../base/quote.ts'
import type {Command, Context, Table} from './command.ts'
import {openManual} from './manual.ts'
import {didYouMean} from './nearest.ts'
import {parse, parseRaw} from './parse.ts'
import {usageText} from './usage.ts'

/** What may stand in a command's place. */
const ALIASES: Record<string, string> = {
	'-h': 'help',
	'--help': 'help',
	'-V': 'version',
	'--version': 'version',
}

/** Runs the command that `argv` names, and resolves to the exit status. Never rejects. */
export async function run(argv: readonly string[], context: Context): Promise<number> {
	try {
		const [name = 'help', ...rest] = argv
		const command = await find(context.table, ALIASES[name] ?? name)
		const status = await call(command, rest, context)
		await context.io.flush()
		return status
	} catch (error) {
		// What was done before it failed has been promised to the reader.
		await context.io.flush().catch(() => {})
		return report(error, context)
	}
}

async function find(table: Table, name: string): Promise<Command> {
	const row = Object.hasOwn(table, name) ? table[name] : undefined
	if (row !== undefined) return (await row.load()).default
	throw usage(
		name.startsWith('-') ? `unknown option ${shown(name)}` : `${shown(name)} is not an s3r command`,
		didYouMean(name, Object.keys(table), 's3r ') ?? "'s3r help' lists the commands",
	)
}

async function call(command: Command, argv: readonly string[], context: Context): Promise<number> {
	const {flags, args, ordered, asks} = command.raw === true ? parseRaw(argv) : parse(command.flags, argv)
	if (asks === 'manual') return openManual(command, context)
	if (asks === 'usage') {
		await context.io.record(usageText(command))
		return EXIT.ok
	}
	const [least, most] = command.arity ?? [0, Infinity]
	if (args.length < least) throw usage('an argument is missing', `s3r ${command.name} ${command.synopsis[0]}`)
	if (args.length > most) throw usage(`unexpected argument ${shown(args[most] ?? '')}`)
	return command.run(context, flags, args, ordered)
}

/** Says what ended a command and returns the exit status for it. The one place that does. */
export function report(error: unknown, {io, env, signal}: Pick<Context, 'io' | 'env' | 'signal'>): number {
	const debug = env['S3R_DEBUG'] !== undefined && env['S3R_DEBUG'] !== '' && env['S3R_DEBUG'] !== '0'
	io.status('')
	if (debug) io.say(stacks(error))
	if (signal.aborted) return interruptedStatus(signal)
	if (error instanceof S3rError) {
		if (error.status === EXIT.brokenPipe) return error.status
		io.say(`${error.status === EXIT.usage ? 'usage' : 'fatal'}: ${error.message}`)
		if (error.hint !== undefined) io.say(`hint: ${error.hint}`)
		return error.status
	}
	if (isSystemError(error)) {
		io.say(`fatal: ${systemMessage(error)}`)
		return EXIT.fatal
	}
	io.say(`fatal: internal error: ${reason(error)}`)
	if (!debug) io.say('hint: run it again with S3R_DEBUG=1 to see where, and report it')
	return EXIT.fatal
}

/** What the signal handler aborts with: the status that a shell expects of a death by that signal. */
export const interrupted = (signalNumber: number): S3rError =>
	new S3rError('interrupted', {status: 128 + signalNumber})

const interruptedStatus = (signal: AbortSignal): number =>
	signal.reason instanceof S3rError ? signal.reason.status : EXIT.interrupted

type SystemError = {readonly syscall?: string; readonly path?: string | Buffer}

/** Whether the system refused something ('ENOENT', 'EAI_AGAIN'); node's own 'ERR_…' are bugs of ours. */
const isSystemError = (error: unknown): error is SystemError =>
	/^E(?!RR_)[A-Z0-9_]+$/.test(errnoOf(error) ?? '')

function systemMessage(error: SystemError): string {
	const {path, syscall} = error
	if (path === undefined) return reason(error)
	const name = shown(typeof path === 'string' ? fromUnicode(path) : path.toString('latin1'))
	return `${syscall ?? 'cannot use'} ${name}: ${reason(error)}`
}

function stacks(error: unknown): string {
	if (!(error instanceof Error)) return String(error)
	const own = error.stack ?? error.message
	return error.cause === undefined ? own : `${own}\ncaused by: ${stacks(error.cause)}`
}
