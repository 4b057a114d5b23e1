// From a request to its answer on the wire.

import {randomBytes} from 'node:crypto'
import type {IncomingMessage, ServerResponse} from 'node:http'
import {Readable} from 'node:stream'
import {pipeline} from 'node:stream/promises'
import {authorize} from './access.ts'
import {Call, type Reply, type Service, type Slice} from './call.ts'
import {S3Error} from './errors.ts'
import {Payload} from './payload.ts'
import {readSmall, readSpans} from './read.ts'
import {parseRequest} from './request.ts'
import {routeOf} from './routes.ts'
import {authenticate} from './signature.ts'
import {renderXml} from './xml.ts'

/** How an answer ended, for the log. */
export type Outcome = {readonly status: number; readonly error?: unknown}

/** Objects of up to this many bytes are read at once. */
const SMALL = 64 << 10
/** After an early refusal, this much of a body is still read, so that its sender sees the refusal. */
const LINGER_BYTES = 64 << 20

async function replyTo(message: IncomingMessage, response: ServerResponse, service: Service): Promise<Reply> {
	const request = parseRequest(message)
	const caller = authenticate(request, service.accounts, Date.now())
	if (!service.conditional && request.method !== 'GET' && request.method !== 'HEAD') forgetConditions(message)
	const {handler, need} = routeOf(request)
	const payload = new Payload(message, response, {...caller, patience: service.patience})
	const call = new Call(request, caller, payload, service)
	authorize(call, need)
	return handler(call)
}

/** Takes the conditions out of a write, as a store reads it that does not know them. */
function forgetConditions({headers}: IncomingMessage): void {
	delete headers['if-match']
	delete headers['if-none-match']
}

/** S3's error document, or headers alone where there can be no body. */
function errorReply(error: unknown, message: IncomingMessage, requestId: string): Reply {
	const {
		status,
		headers,
		code,
		message: text,
	} = error instanceof S3Error ? error : new S3Error('InternalError')
	if (message.method === 'HEAD' || status === 304) return {status, headers}
	const [resource = ''] = (message.url ?? '').split('?')
	const body = renderXml('Error', {Code: code, Message: text, Resource: resource, RequestId: requestId})
	return {status, headers: {...headers, 'content-type': 'application/xml'}, body}
}

/** Whether the rest of the request's body is too much, or too uncertain, to wait for. */
function cannotLinger(message: IncomingMessage): boolean {
	if (message.complete) return false
	return (
		message.headers.expect !== undefined ||
		Number(message.headers['content-length'] ?? LINGER_BYTES) >= LINGER_BYTES
	)
}

async function sendSlice(response: ServerResponse, {spans, length, release}: Slice): Promise<void> {
	try {
		if (length <= SMALL) response.end(readSmall(spans))
		else await pipeline(Readable.from(readSpans(spans), {objectMode: false}), response)
	} finally {
		release()
	}
}

async function send(
	response: ServerResponse,
	{status = 200, headers = {}, body}: Reply,
	requestId: string,
): Promise<void> {
	// node's own Date is renewed by a timer, which is late on a busy machine: then a write would be answered with a
	// time before that of the object, and a client would take its own write for somebody else's.
	const always = {date: new Date().toUTCString(), 'x-amz-request-id': requestId, server: 's3r'}
	if (typeof body === 'object') {
		response.writeHead(status, {...always, ...headers})
		return sendSlice(response, body)
	}
	const bytes = Buffer.from(body ?? '', 'latin1')
	const hasLength = 'content-length' in headers || status === 204 || status === 304
	response.writeHead(status, {...always, ...headers, ...(hasLength ? {} : {'content-length': bytes.length})})
	response.end(bytes)
}

/** Answers one request, whatever it is. */
export async function answer(
	message: IncomingMessage,
	response: ServerResponse,
	service: Service,
): Promise<Outcome> {
	const requestId = randomBytes(8).toString('hex').toUpperCase()
	let reply: Reply
	let failure: unknown
	try {
		reply = await replyTo(message, response, service)
	} catch (error) {
		failure = error
		reply = errorReply(error, message, requestId)
	}
	if (message.destroyed && !message.complete) return {status: 0, error: failure}
	if (cannotLinger(message)) reply = {...reply, headers: {...reply.headers, connection: 'close'}}
	if (!message.complete) {
		const linger = setTimeout(() => message.destroy(), service.patience)
		message.once('close', () => clearTimeout(linger))
	}
	try {
		await send(response, reply, requestId)
	} catch (error) {
		response.destroy()
		failure = error
	}
	return {status: response.statusCode, error: failure}
}
