// A store whose bytes pass at a bounded rate: --bwlimit.

import {createHash} from 'node:crypto'
import type {Rate} from '../base/rate.ts'
import type {Body, BodyDigest, Store} from './store.ts'

/**
 * `store`, with the bytes of objects at most as fast as `rate`, over all requests that are under way at once. A
 * store that is an object of functions, as those are that wrap another.
 */
export function limited(store: Store, rate: Rate, signal?: AbortSignal): Store {
	const passing = async function* (chunks: AsyncIterable<Buffer> | Iterable<Buffer>): AsyncIterable<Buffer> {
		for await (const chunk of chunks)
			for (let at = 0; at < chunk.length; at += rate.piece) {
				const piece = chunk.subarray(at, at + rate.piece)
				await rate.take(piece.length, signal)
				yield piece
			}
	}
	const sending = (body: Body): Body => ({
		length: body.length,
		chunks: () => passing(Buffer.isBuffer(body) ? [body] : body.chunks()),
	})
	const same: Store = Object.create(null, Object.getOwnPropertyDescriptors(store))
	return Object.assign(same, {
		async get(...[key, options]: Parameters<Store['get']>) {
			const {head, body} = await store.get(key, options)
			return {head, body: passing(body)}
		},
		put: (...[key, body, options]: Parameters<Store['put']>) =>
			store.put(key, sending(body), {...options, md5: options?.md5 ?? md5Of(body)}),
		uploadPart: (...[key, id, number, body, digest]: Parameters<Store['uploadPart']>) =>
			store.uploadPart(key, id, number, sending(body), vouchedFor(body, digest)),
	})
}

const vouchedFor = (body: Body, digest: BodyDigest = {}): BodyDigest =>
	digest.md5 || digest.sha256 ? digest : {md5: md5Of(body)}

/** A store vouches for a Buffer by itself, but not for a source. */
const md5Of = (body: Body): Buffer | undefined =>
	Buffer.isBuffer(body) ? createHash('md5').update(body).digest() : undefined
