// Reading the bytes of objects.

import {closeSync, createReadStream, openSync, readSync} from 'node:fs'
import type {Span} from './blobs.ts'

/** Reads few bytes at once: cheaper than a stream by far. */
export function readSmall(spans: readonly Span[]): Buffer {
	const buffers = spans.map(({path, start, length}) => {
		const buffer = Buffer.allocUnsafe(length)
		const fd = openSync(path, 'r')
		const got = readSync(fd, buffer, 0, length, start)
		closeSync(fd)
		return buffer.subarray(0, got)
	})
	return buffers.length === 1 ? (buffers[0] as Buffer) : Buffer.concat(buffers)
}

/** Reads any number of bytes, some at a time. */
export async function* readSpans(spans: readonly Span[]): AsyncGenerator<Buffer> {
	for (const {path, start, length} of spans)
		yield* createReadStream(path, {start, end: start + length - 1}) as AsyncIterable<Buffer>
}
