// A server of bytes: what it says need not be HTTP.

import {once} from 'node:events'
import {type AddressInfo, createServer, type Socket} from 'node:net'

export type Raw = {
	readonly origin: string
	/** What each connection sent. */
	readonly came: Buffer[][]
	stop(): Promise<void>
}

/** A server that has each connection, and what comes on it, as bytes. Connections are counted from 1. */
export async function raw(serve: (socket: Socket, connection: number) => void): Promise<Raw> {
	const sockets = new Set<Socket>()
	const came: Buffer[][] = []
	const server = createServer((socket) => {
		const chunks: Buffer[] = []
		sockets.add(socket)
		socket.on('error', () => {})
		socket.on('data', (chunk) => chunks.push(chunk))
		serve(socket.setNoDelay(), came.push(chunks))
	})
	server.listen(0, '127.0.0.1')
	await once(server, 'listening')
	return {
		origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
		came,
		async stop() {
			for (const socket of sockets) socket.destroy()
			server.close()
			await once(server, 'close')
		},
	}
}
