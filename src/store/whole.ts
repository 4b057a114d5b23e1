// The body of a reply that is here already. Who knows that takes its bytes at once: to wait for them piece by piece
// takes longer than to hash a small file.

export class WholeBody implements AsyncIterable<Buffer> {
	readonly bytes: Buffer

	constructor(bytes: Buffer) {
		this.bytes = bytes
	}

	async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
		if (this.bytes.length > 0) yield this.bytes
	}
}
