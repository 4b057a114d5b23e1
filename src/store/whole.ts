// The body of a reply that is here already. Who knows that takes its bytes at once: to wait for them piece by piece
// takes longer than to hash a small file.

import {SpareMemory} from '../base/spare.ts'

const spare = new SpareMemory()

/** Memory that is used again for a body of so many bytes and one more; undefined for little. */
export const spareFor = (size: number): Buffer | undefined => spare.take(size + 1)

export class WholeBody implements AsyncIterable<Buffer> {
	readonly bytes: Buffer

	constructor(bytes: Buffer) {
		this.bytes = bytes
	}

	/** Nobody uses its bytes any more. */
	giveBack(): void {
		spare.give(this.bytes)
	}

	async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
		if (this.bytes.length > 0) yield this.bytes
	}
}

/** Leaves a body, which need not have been read to its end; one that is whole gives its memory back. */
export async function leave(body: AsyncIterable<Buffer>): Promise<void> {
	if (body instanceof WholeBody) body.giveBack()
	else await body[Symbol.asyncIterator]().return?.()
}
