// What commands that listen have in common.

import {usage} from '../base/errors.ts'
import {shown} from '../base/quote.ts'
import type {Io} from './io.ts'

const LOOPBACK = ['127.0.0.1', '::1', 'localhost']

export function parsePort(text: string): number {
	const port = Number(text)
	if (/^\d{1,5}$/.test(text) && port <= 65535) return port
	throw usage(`bad value ${shown(text)} of '--port'`, 'a number from 0 to 65535')
}

/** Says so where the address is one that other machines reach. */
export function warnOfOthers(io: Io, host: string): void {
	if (!LOOPBACK.includes(host))
		io.say(`warning: others can reach ${shown(host)}, and what is sent there is not encrypted`)
}
