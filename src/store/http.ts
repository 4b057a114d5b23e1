// What the data plane sends and gets, over whatever.

import type {ReplyHeaders} from './http-headers.ts'
import type {Room} from './room.ts'

/** A reply of up to so many bytes has arrived whole before it is given. */
export const WHOLE = 2 ** 20

export type HttpOptions = {
	readonly connections: number
	/** Milliseconds. */
	readonly connectTimeout: number
	/** Milliseconds of silence after which a connection is given up; writing is no silence. */
	readonly idleTimeout: number
	/** Whether requests may go together: those that a connection leaves unanswered are sent again by who sent them. */
	readonly pipelines: boolean
	/** Certificates that are trusted; Node's if undefined. */
	readonly ca: string[] | undefined
}

/** Names in lower case, each once, and values. A list, for objects of so many shapes take V8 three times as long. */
export type HeaderList = (readonly [name: string, value: string])[]

export type Request = {
	readonly method: 'DELETE' | 'GET' | 'HEAD' | 'POST' | 'PUT'
	/** With its query. */
	readonly path: string
	/** Its headers as they are sent: see header-text.ts. */
	readonly lines: string
	readonly body?: Buffer | AsyncIterable<Buffer> | undefined
	/** Whether a large body is given as it comes; else it is always whole. */
	readonly streams?: boolean | undefined
	/** A large body is lent to its reader: each piece is good until the next one is asked for. */
	readonly lends?: boolean | undefined
	/** Whether the store takes no time for it, and the reply is short, so that others may come behind it. */
	readonly isBrief?: boolean | undefined
	/** Where a body may gather that is not streamed: it is good until the room is used again. */
	readonly room?: Room | undefined
}

export type Reply = {
	readonly status: number
	readonly headers: ReplyHeaders
	readonly body: Buffer | AsyncIterable<Buffer>
}
