// One session with an rsync client, from its first byte to the status that it ends with.

import {errnoOf, reason, S3rError} from '../../base/errors.ts'
import {fromUnicode, type Path} from '../../base/path.ts'
import type {Store} from '../../store/store.ts'
import {Catalogue} from './catalogue.ts'
import {loadChecksum} from './checksum.ts'
import {RERR, RsyncError} from './errors.ts'
import {agree, exchangeVersions} from './handshake.ts'
import {Input} from './input.ts'
import {Line} from './line.ts'
import type {Memory} from './memory.ts'
import {IO_ERROR, MSG} from './messages.ts'
import {readServerArgs} from './options.ts'
import {Output, type Write} from './output.ts'
import type {ReceiverOptions} from './receiving.ts'
import {receive} from './receiver.ts'
import {Sender, type SenderOptions} from './sender.ts'
import type {ServerOptions} from './server-options.ts'
import {type Word, wireWords} from './words.ts'

/** The two directions of a connection. */
export type Wire = {readonly input: AsyncIterable<Buffer>; readonly write: Write}

export type ServeOptions = {
	/** The words after `rsync`. */
	readonly words: readonly Word[]
	/** The remote that paths are below, opened once it is known what is asked of it. */
	readonly open: (options: ServerOptions) => Promise<Target>
	readonly umask: number
	/** Who owns what says nothing of it. */
	readonly self: {readonly uid: number; readonly gid: number}
	/** Under a daemon: the protocol that its greeting agreed on. */
	readonly protocol?: number | undefined
	/** Under a daemon: the name that paths begin with. */
	readonly module?: string | undefined
	/** Says a line where the client cannot hear it any more. */
	readonly say: (text: string) => void
	readonly signal?: AbortSignal | undefined
}

export type Target = {
	readonly store: Store
	/** The remote's prefix: '' or one that ends in '/'. */
	readonly prefix: string
	/** What is remembered of the remote. */
	readonly memory: Memory
	/** Nothing may be written. */
	readonly readOnly?: boolean | undefined
	/** Ends its connections, and removes what was kept for the session. */
	readonly close: () => void
} & Pick<ReceiverOptions, 'stored' | 'accounts' | 'scratch' | 'signatures'>

/** Serves one client; resolves to the status, one of rsync's own. Rejects before the first byte only. */
export async function serve(wire: Wire, how: ServeOptions): Promise<number> {
	const session = new Session(wire, how)
	try {
		return await session.run()
	} catch (error) {
		return session.end(error)
	}
}

class Session {
	readonly #how: ServeOptions
	readonly #input: Input
	readonly #output: Output
	#line: Line | undefined
	#onMessage: ((tag: number, payload: Buffer) => void) | undefined
	/** The client said that it ends, with this status. */
	#theirEnd: number | undefined
	#keepAlive: NodeJS.Timeout | undefined
	/** What is wrong with the options; under a daemon the client can hear it only behind the handshake. */
	#refusal: RsyncError | undefined

	constructor({input, write}: Wire, how: ServeOptions) {
		this.#how = how
		this.#input = new Input(input, {onMessage: (tag, payload) => this.#message(tag, payload)})
		this.#output = new Output(write)
	}

	async run(): Promise<number> {
		const options = await this.#options()
		if (options.timeout > 0) {
			this.#input.timeout = options.timeout * 1000
			this.#keepAlive = setInterval(() => this.#output.keepAlive(), options.timeout * 300)
		}
		// who receives is slowed down by the client itself
		if (options.sender) this.#output.rate = options.bwlimit * 1024
		try {
			return await this.#serve(options)
		} finally {
			clearInterval(this.#keepAlive)
		}
	}

	/** What is asked for: in the arguments, or with -s in words that come first. */
	async #options(): Promise<ServerOptions> {
		const {words, module} = this.#how
		const options = this.#checked(words)
		if (!options.secludedArgs || options.paths.length > 0) return withoutModule(options, module)
		const secluded = await this.#words()
		return withoutModule(this.#checked([...words, ...wireWords(secluded.slice(1), false)]), module)
	}

	#checked(words: readonly Word[]): ServerOptions {
		const {options, error} = readServerArgs(words)
		if (error && this.#how.protocol === undefined) throw error
		this.#refusal = error
		return options
	}

	/** Words that each end in a NUL, up to an empty one. */
	async #words(): Promise<string[]> {
		const words: string[] = []
		for (let word = ''; ;) {
			const c = await this.#input.read((cursor) => cursor.byte())
			if (c !== 0) word += String.fromCharCode(c)
			else if (word === '' && words.length > 0) return words
			else {
				words.push(word)
				word = ''
			}
			if (words.length > WORDS_LIMIT || word.length > WORD_LIMIT)
				throw new RsyncError(RERR.syntax, 'too many arguments')
		}
	}

	async #serve(options: ServerOptions): Promise<number> {
		const {
			protocol = await exchangeVersions(this.#input, this.#output),
			open,
			umask,
			self,
			signal,
		} = this.#how
		const agreed = await agree(this.#input, this.#output, {protocol, options})
		const checksum = await loadChecksum(agreed.checksum, protocol)
		this.#output.startFrames()
		if (protocol >= 30) this.#input.startFrames()
		const line = new Line({input: this.#input, output: this.#output}, options, agreed, checksum)
		this.#line = line
		if (this.#refusal) throw this.#refusal
		const target = await open(options)
		const {store, prefix, memory, scratch, readOnly} = target
		try {
			if (readOnly && !options.sender) throw new RsyncError(RERR.syntax, 'module is read only')
			const catalogue = new Catalogue(
				{
					store,
					prefix,
					umask,
					remembered: memory.remembered,
					scratch,
					failed: (path, error) => this.#failed(path, error),
					signal,
				},
				memory.names,
			)
			const role = {...target, catalogue, umask, self, signal}
			try {
				return await (options.sender ? this.#send(line, role) : receive(line, role))
			} finally {
				// also of a session that failed: what it wrote is there
				await memory.save(catalogue, signal)
				catalogue.learned.close()
			}
		} finally {
			memory.close()
			target.close()
		}
	}

	async #send(line: Line, role: SenderOptions): Promise<number> {
		const sender = await Sender.begin(line, role)
		this.#onMessage = (tag, payload) => {
			if (tag === MSG.success && payload.length >= 4) sender.success(payload)
		}
		return sender.run()
	}

	#failed(path: Path, error: unknown): void {
		if (!this.#line) return
		this.#line.ioError |= IO_ERROR.general
		this.#line.fail(`s3r: ${path}: ${fromUnicode(reason(error))}`)
	}

	#message(tag: number, payload: Buffer): void {
		if (tag === MSG.errorExit) {
			this.#theirEnd = payload.length >= 4 ? payload.readInt32LE(0) : 0
			// it waits until we are gone
			throw new RsyncError(RERR.stream, 'the client ended the session')
		}
		if (tag === MSG.ioError && payload.length >= 4 && this.#line) this.#line.ioError |= payload.readInt32LE(0)
		else this.#onMessage?.(tag, payload)
	}

	/** Ends a session that failed, with what the client is told. */
	async end(error: unknown): Promise<number> {
		clearInterval(this.#keepAlive)
		if (this.#theirEnd !== undefined) return this.#theirEnd || RERR.stream
		const {signal, say} = this.#how
		const {code, text} = signal?.aborted ? {code: INTERRUPTED, text: 'interrupted'} : verdict(error)
		const line = this.#line
		if (!line || code === RERR.timeout) {
			if (!line && !(error instanceof RsyncError)) throw error
			say(`s3r: ${text}`)
			return code
		}
		try {
			this.#output.message(
				line.protocol >= 30 ? MSG.error : MSG.errorXfer,
				Buffer.from(`s3r: ${text}\n`, 'latin1'),
			)
			if (line.protocol >= 31) line.number(MSG.errorExit, code)
			await this.#output.flush()
			// the client reads what we said before it finds that we are gone
			this.#input.timeout = LINGER
			if (line.protocol >= 31 && !signal?.aborted) await this.#input.drain()
		} catch {
			// it went away, which ends the session too
		}
		return code
	}
}

/** The options with paths as they are inside of a daemon's module. */
function withoutModule(options: ServerOptions, module: string | undefined): ServerOptions {
	if (module === undefined) return options
	const inside = (path: string): string => {
		if (path === module) return '.'
		return path.startsWith(`${module}/`) ? path.slice(module.length + 1) || '.' : path
	}
	const paths = options.paths.map(({text, pattern}) => ({
		text: inside(text),
		...(pattern !== undefined && {pattern: inside(pattern)}),
	}))
	return {...options, paths}
}

const WORDS_LIMIT = 16_000
const WORD_LIMIT = 1 << 16
/** RERR_SIGNAL. */
const INTERRUPTED = 20
/** Milliseconds that a client has to hear that the session ended. */
const LINGER = 5000

/** rsync's status for an error, and what is said of it. */
function verdict(error: unknown): {readonly code: number; readonly text: string} {
	if (error instanceof RsyncError) return {code: error.code, text: error.message}
	// a system's error has a name such as ENOSPC; one of node's own is a mistake of ours
	if (!(error instanceof S3rError) && !/^E(?!RR_)/.test(errnoOf(error) ?? ''))
		return {code: RERR.fileIo, text: `internal error: ${fromUnicode(reason(error))}`}
	const hint = error instanceof S3rError && error.hint !== undefined ? ` (${error.hint})` : ''
	return {code: RERR.fileIo, text: fromUnicode(reason(error) + hint)}
}
