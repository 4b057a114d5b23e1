// A command's three streams. Data goes to stdout, everything said to a person goes to stderr.

import {addAbortSignal, type Readable, type Writable} from 'node:stream'
import {EXIT, errnoOf, reason, S3rError} from '../base/errors.ts'
import {toBytes} from '../base/path.ts'
import {splitRecords} from '../base/records.ts'

/**
 * Where they come from: `process`, or a test. Each is opened when it is first used. The bytes that stdout is given are
 * others' again once they are written.
 */
export type Streams = {readonly stdin: Readable; readonly stdout: Writable; readonly stderr: Writable}

export type IoOptions = {
	/** Ends the reading of stdin; asked for when that begins. */
	readonly signal?: AbortSignal | undefined
	/** Credentials: what is said never holds them. */
	readonly secrets?: readonly string[]
	/** Writes to what stdout is, without a stream, as many bytes as it takes; throws as write(2) does. */
	readonly direct?: ((bytes: Buffer) => number) | undefined
}

/** What puts a record of a `T` down as bytes. */
export type RecordWriter<T> = {
	/** Writes a record with its terminator; returns where it ends. */
	write(into: Buffer, at: number, what: T): number
}

/** Bytes of records that are gathered before they are written. */
const CHUNK = 1 << 16
/** Room for these at first: most commands say little. */
const FIRST = 1 << 12
const [NUL, LF] = [0x00, 0x0a]
/** So much a pipe takes whether it is read or not. To make a stream takes node 2 ms, a tenth of all that it takes to start. */
const DIRECT = 1 << 15

const NOTHING = Buffer.alloc(0)

export class Io {
	readonly #streams: Streams
	readonly #options: IoOptions
	/** Records that are gathered: the first `#length` bytes. */
	#pending: Buffer = NOTHING
	#length = 0
	/** What was written of them, to be used again. */
	#spare: Buffer | undefined
	/** Waiting for input: whoever writes it may be waiting for our answer, so nothing is held back. */
	#waiting = false
	#status = ''
	#watched = new WeakSet<Writable>()
	/** For the first bytes, until there is a stream. */
	#direct: IoOptions['direct']
	#written = 0
	/** Why stdout cannot be written any more. */
	#failed: S3rError | undefined

	constructor(streams: Streams, options: IoOptions = {}) {
		this.#streams = streams
		this.#options = options
		this.#direct = options.direct
	}

	/**
	 * Queues one record, a byte string without its terminator. Await what it returns: it waits for the reader
	 * whenever a chunk is full, and is undefined else. Rejects as `flush` does.
	 */
	record(text: string, nul = false): Promise<void> | undefined {
		this.#makeRoom(text.length + 1)
		this.#length += this.#pending.write(text, this.#length, 'latin1')
		this.#pending[this.#length++] = nul ? NUL : LF
		return this.#isDue() ? this.flush() : undefined
	}

	/** The same of a record that has `room` bytes at most, and is written by somebody else. */
	recordBy<T>(writer: RecordWriter<T>, what: T, room: number): Promise<void> | undefined {
		this.#makeRoom(room)
		this.#length = writer.write(this.#pending, this.#length, what)
		return this.#isDue() ? this.flush() : undefined
	}

	#isDue(): boolean {
		return this.#length >= CHUNK || this.#waiting
	}

	#makeRoom(more: number): void {
		const least = this.#length + more
		if (least <= this.#pending.length) return
		const grown = Buffer.allocUnsafeSlow(Math.max(FIRST, 2 * least))
		this.#pending.copy(grown, 0, 0, this.#length)
		this.#pending = grown
	}

	/** Writes bytes of a body behind the records queued so far, and waits for the reader. */
	async write(bytes: Buffer): Promise<void> {
		await this.flush()
		await this.#put(bytes)
	}

	/**
	 * Hands everything queued to the reader.
	 *
	 * Throws status 141 if the reader went away, which nobody needs to hear of, and status 128 if
	 * stdout cannot be written (a full disk).
	 */
	async flush(): Promise<void> {
		if (this.#length === 0) return
		const chunk = this.#pending
		const bytes = chunk.subarray(0, this.#length)
		// others may go on while this is written
		this.#pending = this.#spare ?? NOTHING
		this.#spare = undefined
		this.#length = 0
		await this.#put(bytes)
		this.#spare = chunk
	}

	/** Says a line (or some) to the person at the terminal: a byte string, made safe to look at. */
	say(text: string): void {
		this.#erase()
		this.#open('stderr').write(said(text, this.#options.secrets ?? []))
	}

	/** The records on stdin. Whenever more input is waited for, the answers so far are flushed. */
	stdinRecords(nul: boolean): AsyncIterable<string> {
		return splitRecords(this.stdinChunks(), nul ? '\0' : '\n')
	}

	/** The bytes on stdin. */
	async *stdinChunks(): AsyncIterable<Buffer> {
		const {stdin} = this.#streams
		const {signal} = this.#options
		if (signal !== undefined) addAbortSignal(signal, stdin)
		const chunks = stdin[Symbol.asyncIterator]() as AsyncIterator<Buffer | string>
		for (;;) {
			await this.flush()
			this.#waiting = true
			const next = await chunks.next().finally(() => (this.#waiting = false))
			if (next.done === true) return
			yield typeof next.value === 'string' ? Buffer.from(next.value) : next.value
		}
	}

	/** Whether a person looks at the stream. */
	isTerminal(name: 'stdout' | 'stderr'): boolean {
		return (this.#streams[name] as {isTTY?: boolean}).isTTY === true
	}

	/** Columns of the terminal that stderr is. */
	get columns(): number {
		return (this.#streams.stderr as {columns?: number}).columns || 80
	}

	/** Shows one line that the next one replaces, '' none; for a terminal only. */
	status(text: string): void {
		if (text === this.#status) return
		this.#erase()
		this.#status = text
		if (text !== '') this.#open('stderr').write(toBytes(visible(text)))
	}

	#erase(): void {
		if (this.#status === '') return
		this.#status = ''
		this.#streams.stderr.write('\r\u001b[K')
	}

	async #put(bytes: Buffer): Promise<void> {
		if (this.#status !== '' && this.isTerminal('stdout')) this.#erase()
		const rest = this.#failed === undefined ? this.#writeDirectly(bytes) : bytes
		if (this.#failed === undefined && rest.length > 0) await this.#writeByStream(rest)
		if (this.#failed !== undefined) throw this.#failed
	}

	/** Writes what little a command says; returns what a stream is to write, for it would block. */
	#writeDirectly(bytes: Buffer): Buffer {
		this.#written += bytes.length
		if (this.#written > DIRECT) this.#direct = undefined
		let at = 0
		try {
			while (this.#direct !== undefined && at < bytes.length) at += this.#direct(bytes.subarray(at))
		} catch (error) {
			this.#direct = undefined
			if (errnoOf(error) === 'EAGAIN') return bytes.subarray(at)
			this.#failed = outputError(error as Error)
		}
		return bytes.subarray(at)
	}

	async #writeByStream(bytes: Buffer): Promise<void> {
		const stdout = this.#open('stdout')
		await new Promise<void>((resolve) => {
			stdout.write(bytes, (error) => {
				if (error) this.#failed ??= outputError(error)
				resolve()
			})
		})
	}

	/** An error of a write is given to the write; the event that comes too must not end the process. */
	#open(name: 'stdout' | 'stderr'): Writable {
		const stream = this.#streams[name]
		if (!this.#watched.has(stream)) stream.on('error', () => {})
		this.#watched.add(stream)
		return stream
	}
}

function outputError(error: Error): S3rError {
	return errnoOf(error) === 'EPIPE'
		? new S3rError('the reader of stdout went away', {status: EXIT.brokenPipe, cause: error})
		: new S3rError(`cannot write to stdout: ${reason(error)}`, {cause: error})
}

/** Shortest value that is taken for a secret: a shorter one stands in ordinary words too. */
const SECRET_LENGTH = 8

/** The bytes of a message, in UTF-8 if it holds what is no byte (an error text that is not ours). */
function said(text: string, secrets: readonly string[]): Buffer {
	let clean = text
	for (const secret of secrets) if (secret.length >= SECRET_LENGTH) clean = clean.replaceAll(secret, '***')
	const line = `${visible(clean)}\n`
	return /[^\u0000-\u00ff]/.test(line) ? Buffer.from(line) : toBytes(line)
}

/** Control characters but LF and TAB as `\ooo`: a file's name must not move the cursor. */
const visible = (text: string): string =>
	text.replace(
		/[\u0000-\u0008\u000b-\u001f\u007f]/g,
		(c) => `\\${c.charCodeAt(0).toString(8).padStart(3, '0')}`,
	)
