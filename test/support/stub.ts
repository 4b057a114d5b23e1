// A server that answers what a test tells it to, and remembers what it was asked.

import {once} from 'node:events'
import {createServer, type IncomingMessage, type ServerResponse} from 'node:http'
import {createServer as createSecureServer} from 'node:https'
import type {AddressInfo} from 'node:net'

export type Asked = {
	readonly method: string
	readonly url: string
	readonly headers: IncomingMessage['headers']
	readonly body: Buffer
}

/** Answers request number `n`, counted from 1. */
export type Answer = (asked: Asked, response: ServerResponse, n: number) => void

export type Stub = {readonly endpoint: string; readonly asked: readonly Asked[]; stop(): Promise<void>}

/** With a certificate it speaks TLS. */
export async function stub(answer: Answer, secure?: {key: Buffer; cert: Buffer}): Promise<Stub> {
	const asked: Asked[] = []
	const listener = (request: IncomingMessage, response: ServerResponse) => {
		const chunks: Buffer[] = []
		const {method = '', url = '', headers} = request
		request.on('data', (chunk: Buffer) => chunks.push(chunk))
		request.on('end', () => {
			const one = {method, url, headers, body: Buffer.concat(chunks)}
			answer(one, response, asked.push(one))
		})
	}
	const server = secure ? createSecureServer(secure, listener) : createServer(listener)
	server.listen(0, '127.0.0.1')
	await once(server, 'listening')
	return {
		endpoint: `${secure ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
		asked,
		async stop() {
			server.closeAllConnections()
			server.close()
			await once(server, 'close')
		},
	}
}

/** Sends one of S3's errors. */
export function refuse(
	response: ServerResponse,
	status: number,
	code: string,
	{
		headers = {},
		message = 'told so.',
		more = '',
	}: {headers?: Record<string, string>; message?: string; more?: string} = {},
): void {
	response.writeHead(status, {'content-type': 'application/xml', ...headers})
	response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message>${more}</Error>`)
}
