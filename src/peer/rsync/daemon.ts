// A daemon that rsync:// URLs name: it greets each client, and serves what it asks for. A client can do no more
// than end its own connection.

import {once} from 'node:events'
import {type AddressInfo, createServer, type Server, type Socket} from 'node:net'
import {fatal, reason} from '../../base/errors.ts'
import {RERR, RsyncError} from './errors.ts'
import {type Greeted, greet, type Module, type Modules} from './greeting.ts'
import {GreetingInput} from './greeting-input.ts'
import type {ServerOptions} from './server-options.ts'
import {serve, type ServeOptions, type Target, type Wire} from './session.ts'
import {wireWords} from './words.ts'

/** A module, and the remote that it is. */
export type ServedModule = Module & {open(options: ServerOptions): Promise<Target>}

export type DaemonOptions = Pick<ServeOptions, 'umask' | 'self' | 'signal'> & {
	readonly modules: Modules<ServedModule>
	/** What everybody is told first: lines, or nothing. */
	readonly motd: string
	/** Called with a line about each connection, when it ended, and where nobody else can be told. */
	readonly log: (text: string) => void
}

export type ListenOptions = DaemonOptions & {
	readonly host: string
	/** 0: any free one. */
	readonly port: number
	/** Clients that are served at once; the others are told so. */
	readonly maxConnections: number
	/** Milliseconds of silence in both directions that end a connection; 0: none do. */
	readonly timeout: number
}

export type Listening = {
	readonly host: string
	readonly port: number
	/** Ends what is under way. */
	close(): Promise<void>
}

/** What a client has to say who it is and what it wants. */
const GREETING_MS = 60_000
/** How long `close` lets connections tell their clients. */
const GRACE_MS = 1000
/** Connections that are only told that there are too many. */
const TURNED_AWAY = 32

type Conversation = {
	/** Too many are served already. */
	readonly full?: number | undefined
	/** Called when the client has said what it wants. */
	readonly onGreeted?: ((greeted: Greeted<ServedModule>) => void) | undefined
}

/** Speaks with one client from the greeting to the end; resolves to one of rsync's codes. */
export async function converse(wire: Wire, options: DaemonOptions, how: Conversation = {}): Promise<number> {
	const {modules, motd, umask, self, signal, log} = options
	const input = new GreetingInput(wire.input)
	const greeted = await greet(input, wire.write, {modules, motd, full: how.full}).catch((error: unknown) => {
		if (error instanceof RsyncError) return error.code
		throw error
	})
	if (typeof greeted === 'number') return greeted
	if (greeted === undefined) return RERR.ok
	how.onGreeted?.(greeted)
	const {module, readOnly, protocol, args} = greeted
	return serve(
		{input: input.rest(), write: wire.write},
		{
			words: wireWords(args, true),
			module: module.name,
			open: async (asked) => ({...(await module.open(asked)), readOnly}),
			protocol,
			umask,
			self,
			signal,
			say: log,
		},
	)
}

/**
 * Listens for clients.
 *
 * @throws S3rError when the port is taken
 */
export async function listen(options: ListenOptions): Promise<Listening> {
	const {host, port, maxConnections, log} = options
	const active = new Map<Socket, Promise<void>>()
	const server = createServer({allowHalfOpen: true}, (socket) => {
		const full = active.size >= maxConnections ? maxConnections : undefined
		const task = attend(socket, options, full).finally(() => active.delete(socket))
		active.set(socket, task)
	})
	server.maxConnections = maxConnections + TURNED_AWAY
	server.on('drop', (data) => log(`${data?.remoteAddress ?? 'somebody'}: too many connections`))
	await listening(server, host, port)
	const address = server.address() as AddressInfo

	const close = async (): Promise<void> => {
		const closed = once(server, 'close')
		server.close()
		const hurry = setTimeout(() => active.forEach((_, socket) => socket.destroy()), GRACE_MS)
		await Promise.all(active.values())
		await closed
		clearTimeout(hurry)
	}
	return {host: address.address, port: address.port, close}
}

async function listening(server: Server, host: string, port: number): Promise<void> {
	server.listen(port, host)
	try {
		await once(server, 'listening')
	} catch (error) {
		throw fatal(`cannot listen on ${host}:${port}: ${reason(error)}`, undefined, error)
	}
}

/** One connection. Nothing that befalls it goes further. */
async function attend(socket: Socket, options: ListenOptions, full: number | undefined): Promise<void> {
	const since = performance.now()
	const who = `${socket.remoteAddress}:${socket.remotePort}`
	let what = 'no module'
	// What comes of a socket's error is an error of what is read or written.
	socket.on('error', () => {})
	socket.setNoDelay(true)
	socket.setKeepAlive(true)
	const late = setTimeout(() => socket.destroy(), GREETING_MS)
	const onGreeted = ({module, user, args}: Greeted<ServedModule>): void => {
		clearTimeout(late)
		if (options.timeout > 0) socket.setTimeout(options.timeout, () => socket.destroy())
		what = `${module.name}${user === undefined ? '' : ` as ${user}`}${args.includes('--sender') ? ' read' : ' write'}`
	}
	let end: string
	try {
		const code = await converse({input: socket, write: (bytes) => send(socket, bytes)}, options, {
			full,
			onGreeted,
		})
		end = String(code)
	} catch (error) {
		end = `failed: ${reason(error)}`
	} finally {
		clearTimeout(late)
		socket.end()
		socket.destroySoon()
	}
	options.log(`${who} ${what} ${end} ${((performance.now() - since) / 1000).toFixed(2)} s`)
}

const send = (socket: Socket, bytes: Buffer): Promise<void> =>
	new Promise((resolve, reject) => {
		socket.write(bytes, (error) => (error ? reject(error) : resolve()))
	})
