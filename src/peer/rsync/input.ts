// What the other side sends: first plain bytes, then frames. See s3r-rsync(5), FRAMES.

import {Cursor, MORE} from './cursor.ts'
import {RERR, RsyncError} from './errors.ts'
import {MSG, MPLEX_BASE} from './messages.ts'

/** A message is a name or a few numbers; longer ones are not. */
const MESSAGE_LIMIT = 1 << 16

export type InputOptions = {
	/** Called with each message that is no data. */
	readonly onMessage: (tag: number, payload: Buffer) => void
	/** Milliseconds of silence that end the session; 0 for none. */
	readonly timeout?: number
}

/** Reads values, and waits where they have not come yet. One reader at a time. */
export class Input extends Cursor {
	readonly #chunks: AsyncIterator<Buffer>
	readonly #onMessage: InputOptions['onMessage']
	#timeout: number
	/** Frames began. */
	#framed = false
	/** Came, and is not yet taken out of its frames. */
	#came: Buffer = Buffer.alloc(0)
	/** Bytes of data that the frame which was begun still has. */
	#left = 0
	/** Bytes that came. */
	total = 0

	constructor(source: AsyncIterable<Buffer>, {onMessage, timeout = 0}: InputOptions) {
		super()
		this.#chunks = source[Symbol.asyncIterator]()
		this.#onMessage = onMessage
		this.#timeout = timeout
	}

	set timeout(milliseconds: number) {
		this.#timeout = milliseconds
	}

	/** From here on bytes come in frames: also those that came already and were not read. */
	startFrames(): void {
		this.#came = Buffer.concat([this.bytes.subarray(this.at), this.#came])
		this.bytes = Buffer.alloc(0)
		this.at = 0
		this.#framed = true
	}

	/** What `parse` reads, once all of it has come. */
	read<T>(parse: (cursor: Cursor) => T): T | Promise<T> {
		const mark = this.at
		try {
			return parse(this)
		} catch (error) {
			if (error !== MORE) throw error
			this.at = mark
			return this.#more().then(() => this.read(parse))
		}
	}

	/** Exactly `length` bytes, which stay valid. */
	take(length: number): Buffer | Promise<Buffer> {
		if (length <= this.bytes.length - this.at) return Buffer.from(this.raw(length))
		return this.#gather(length)
	}

	async #gather(length: number): Promise<Buffer> {
		const gathered = Buffer.allocUnsafe(length)
		for (let done = 0; done < length;) {
			const there = Math.min(this.bytes.length - this.at, length - done)
			this.bytes.copy(gathered, done, this.at, this.at + there)
			this.at += there
			done += there
			if (done < length) await this.#more()
		}
		return gathered
	}

	/** Passes over all that comes, until the other side ends. */
	async drain(): Promise<void> {
		for (;;) {
			this.at = this.bytes.length
			await this.#more()
		}
	}

	/** Adds to what can be read. */
	async #more(): Promise<void> {
		const piece = await this.#nextData()
		const rest = this.bytes.length - this.at
		this.bytes = rest === 0 ? piece : Buffer.concat([this.bytes.subarray(this.at), piece])
		this.at = 0
	}

	async #nextData(): Promise<Buffer> {
		if (!this.#framed) return this.#chunk()
		for (;;) {
			if (this.#left > 0) {
				if (this.#came.length === 0) this.#came = await this.#chunk()
				const data = this.#came.subarray(0, this.#left)
				this.#came = this.#came.subarray(data.length)
				this.#left -= data.length
				return data
			}
			await this.#frame()
		}
	}

	/** Reads the head of a frame, and all of one that is a message. */
	async #frame(): Promise<void> {
		await this.#need(4)
		const head = this.#came.readUInt32LE(0)
		const [tag, length] = [(head >>> 24) - MPLEX_BASE, head & 0xffffff]
		if (tag < 0) throw new RsyncError(RERR.protocol, `a frame begins with ${head}, which is none`)
		this.#came = this.#came.subarray(4)
		if (tag === MSG.data) {
			this.#left = length
			return
		}
		if (length > MESSAGE_LIMIT) throw new RsyncError(RERR.stream, `a message of ${length} bytes`)
		await this.#need(length)
		const payload = this.#came.subarray(0, length)
		this.#came = this.#came.subarray(length)
		this.#onMessage(tag, payload)
	}

	async #need(length: number): Promise<void> {
		while (this.#came.length < length) {
			const chunk = await this.#chunk()
			this.#came = this.#came.length === 0 ? chunk : Buffer.concat([this.#came, chunk])
		}
	}

	async #chunk(): Promise<Buffer> {
		const next = await (this.#timeout > 0 ? this.#inTime(this.#chunks.next()) : this.#chunks.next())
		if (next.done) throw new RsyncError(RERR.stream, 'connection unexpectedly closed')
		this.total += next.value.length
		return next.value
	}

	async #inTime<T>(promise: Promise<T>): Promise<T> {
		let timer: NodeJS.Timeout | undefined
		const late = new Promise<never>((_, reject) => {
			const seconds = this.#timeout / 1000
			timer = setTimeout(
				() => reject(new RsyncError(RERR.timeout, `nothing came for ${seconds} seconds`)),
				this.#timeout,
			)
		})
		try {
			return await Promise.race([promise, late])
		} finally {
			clearTimeout(timer)
		}
	}
}
