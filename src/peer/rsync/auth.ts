// Who may use a module of a daemon: a challenge, and its digest with a password. See s3r-rsync(5), DAEMON.

import {createHash, randomBytes, timingSafeEqual} from 'node:crypto'
import {loadChecksum} from './checksum.ts'

/** Our list, best first. */
export const AUTH_DIGESTS = ['sha512', 'sha256', 'sha1', 'md5', 'md4'] as const
type AuthDigest = (typeof AUTH_DIGESTS)[number]

export type Access = 'rw' | 'ro' | 'deny'
/** A user of a module, and what the user may do; undefined: what the module allows. */
export type AuthUser = {readonly name: string; readonly access?: Access | undefined}

/** Text that no two connections get. */
export const newChallenge = (): string => randomBytes(18).toString('base64').replace(/=+$/, '')

/**
 * The digest that a client answers with: the first of its list that we know. A client that has none sends the one
 * of its protocol. Undefined if nothing of its list is known.
 */
export function authDigest(list: readonly string[], protocol: number): AuthDigest | undefined {
	if (list.length === 0) return protocol >= 30 ? 'md5' : 'md4'
	return list.map((name) => AUTH_DIGESTS.find((known) => known === name)).find((name) => name !== undefined)
}

/** What a client that knows the password answers to a challenge. */
export async function authAnswer(
	{digest, protocol}: {readonly digest: AuthDigest; readonly protocol: number},
	password: string,
	challenge: string,
): Promise<string> {
	const text = Buffer.from(password + challenge, 'latin1')
	if (digest !== 'md4') return unpadded(createHash(digest).update(text).digest())
	const hasher = await (await loadChecksum('md4', protocol)).whole(0)
	hasher.update(text)
	return unpadded(hasher.digest())
}

const unpadded = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '')

/** Whether two answers are the same, in a time that does not tell how much of them is. */
export function sameAnswer(a: string, b: string): boolean {
	const [one, other] = [a, b].map((text) => createHash('sha256').update(text).digest())
	return one !== undefined && other !== undefined && timingSafeEqual(one, other)
}
