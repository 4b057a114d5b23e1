// The beginning of a connection to a daemon, up to the client's arguments. See s3r-rsync(5), DAEMON.

import {AUTH_DIGESTS, type AuthUser, authAnswer, authDigest, newChallenge, sameAnswer} from './auth.ts'
import {RERR, RsyncError} from './errors.ts'
import type {GreetingInput} from './greeting-input.ts'
import type {Write} from './output.ts'

const PROTOCOL = 32
const OLDEST = 27

/** What a daemon offers under one name. */
export type Module = {
	readonly name: string
	readonly readOnly: boolean
	/** Who may use it; empty: everybody. */
	readonly users: readonly AuthUser[]
	/** The password of a user. */
	readonly password: (user: string) => string | undefined
}

export type Modules<M extends Module> = {
	/** Names and comments of those that everybody may know of. */
	list(): Promise<readonly {readonly name: string; readonly comment: string}[]>
	find(name: string): Promise<M | undefined>
}

export type Greeted<M extends Module> = {
	readonly protocol: number
	readonly module: M
	readonly readOnly: boolean
	readonly user: string | undefined
	/** What the client calls its server with, from `--server` on. */
	readonly args: readonly string[]
}

export type GreetingOptions<M extends Module> = {
	readonly modules: Modules<M>
	/** What everybody is told first: lines, or nothing. */
	readonly motd: string
	/** There are so many clients that this one is not served. */
	readonly full?: number | undefined
}

/** What the client is told in one line, and ends the connection. */
class Refusal extends Error {}

/**
 * Greets a client; undefined if that was all, because the client only wanted the list.
 *
 * Throws an error with rsync's code, which the client was told of, where it cannot go on.
 */
export async function greet<M extends Module>(
	input: GreetingInput,
	write: Write,
	options: GreetingOptions<M>,
): Promise<Greeted<M> | undefined> {
	const say = async (line: string): Promise<void> => write(Buffer.from(`${line}\n`, 'latin1'))
	try {
		return await conversation(input, say, options)
	} catch (error) {
		if (!(error instanceof Refusal)) throw error
		await say(`@ERROR: ${error.message}`)
		throw new RsyncError(RERR.startClient, error.message, error)
	}
}

type Say = (line: string) => Promise<void>

async function conversation<M extends Module>(
	input: GreetingInput,
	say: Say,
	{modules, motd, full}: GreetingOptions<M>,
): Promise<Greeted<M> | undefined> {
	await say(`@RSYNCD: ${PROTOCOL}.0 ${AUTH_DIGESTS.join(' ')}`)
	// A line that begins with '@' would be taken for one of the protocol.
	if (motd !== '') await say(motd.replace(/\n$/, '').replaceAll(/^@/gm, ' @').concat('\n'))
	const peer = parseGreeting(await input.line())

	let request = await input.line()
	for (let early; (early = /^#early_input=(\d{1,4})$/.exec(request)); request = await input.line())
		await input.skip(Number(early[1]))
	if (request === '' || request === '#list') {
		for (const {name, comment} of await modules.list()) await say(`${name.padEnd(15)}\t${comment}`)
		await say('@RSYNCD: EXIT')
		return undefined
	}
	if (request.startsWith('#')) throw new Refusal(`Unknown command '${request}'`)
	if (full !== undefined) throw new Refusal(`max connections (${full}) reached -- try again later`)
	const module = await modules.find(request)
	if (module === undefined) throw new Refusal(`Unknown module '${request}'`)

	const user = module.users.length === 0 ? undefined : await authenticate(input, say, module, peer)
	await say('@RSYNCD: OK')
	const args = await input.words(peer.protocol >= 30 ? 0 : 0x0a)
	const access = user?.access
	return {
		protocol: peer.protocol,
		module,
		readOnly: access === undefined ? module.readOnly : access === 'ro',
		user: user?.name,
		args,
	}
}

type Peer = {readonly protocol: number; readonly digests: readonly string[]}

function parseGreeting(line: string): Peer {
	const [, version, digests = ''] = /^@RSYNCD: (\d{1,3})(?:\.\d+)?(?: (.*))?$/.exec(line) ?? []
	if (version === undefined) throw new Refusal('protocol startup error')
	const protocol = Math.min(PROTOCOL, Number(version))
	if (protocol < OLDEST) throw new Refusal(`protocol ${version} is too old, the oldest is ${OLDEST}`)
	return {protocol, digests: digests.split(' ').filter((name) => name !== '')}
}

/** The user that the client proves to be. */
async function authenticate(input: GreetingInput, say: Say, module: Module, peer: Peer): Promise<AuthUser> {
	const {protocol, digests} = peer
	const digest = authDigest(digests, protocol)
	if (digest === undefined)
		throw new Refusal(`no digest in common for the password: ${AUTH_DIGESTS.join(' ')}`)
	const challenge = newChallenge()
	await say(`@RSYNCD: AUTHREQD ${challenge}`)
	const [, name = '', answer = ''] = /^(\S+) (\S+)$/.exec(await input.line()) ?? []
	const user = module.users.find((one) => one.name === name)
	const password = user && module.password(name)
	// The work is the same for a user that does not exist.
	const expected = await authAnswer({digest, protocol}, password ?? challenge, challenge)
	const isRight = sameAnswer(answer.replace(/=+$/, ''), expected)
	if (user === undefined || password === undefined || user.access === 'deny' || !isRight)
		throw new Refusal(`auth failed on module ${module.name}`)
	return user
}
