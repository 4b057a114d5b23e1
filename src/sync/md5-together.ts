// Who hashes one small file here and another there gets their MD5s together, which takes a fourth of the time (md5-lanes.ts).

import {md5OfEach} from '../algo/md5-lanes.ts'

/** With so many a message takes as little as it can. */
const ENOUGH = 32

export class Md5Together {
	#messages: Buffer[] = []
	#waiting: ((md5: Buffer) => void)[] = []

	/** The MD5 of a message, 16 bytes: when there are many of them, or at the end of this turn of the loop. */
	of(message: Buffer): Promise<Buffer> {
		return new Promise((resolve) => {
			this.#waiting.push(resolve)
			const count = this.#messages.push(message)
			if (count === ENOUGH) this.#hash()
			else if (count === 1) setImmediate(this.#hash)
		})
	}

	/** There is nothing left for a turn whose messages were enough before its end. */
	readonly #hash = (): void => {
		const [messages, waiting] = [this.#messages, this.#waiting]
		this.#messages = []
		this.#waiting = []
		const md5s = md5OfEach(messages)
		for (let i = 0; i < md5s.length; i++) waiting[i]?.(md5s[i] as Buffer)
	}
}
