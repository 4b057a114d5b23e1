// What is found out of a bucket before any request: its endpoint and region, whom to trust there, and the key that is the customer's.

import {readFile} from 'node:fs/promises'
import {fatal, reason} from '../base/errors.ts'
import type {Remote} from '../format/remote.ts'
import {type CustomerKey, readCustomerKey} from './customer-key.ts'
import {checkLock} from './object-lock.ts'
import type {Where} from './open.ts'
import {findPlace} from './s3-profile.ts'

export type Opening = {
	/** undefined for Amazon's own. */
	readonly endpoint: string | undefined
	readonly region: string
	/** Whether this is Amazon's own S3, whose every promise holds. */
	readonly aws: boolean
	/** The certificates that are trusted; undefined for those of node. */
	readonly ca: string[] | undefined
	/** The key that objects are encrypted with, where it is the customer's. */
	readonly customerKey: CustomerKey | undefined
}

/** Of a remote, or an endpoint without a bucket. Rejects with an S3rError where what it says cannot be. */
export async function openingOf(remote: Where & Partial<Remote>): Promise<Opening> {
	const {endpoint, region = 'us-east-1'} = await findPlace(remote)
	const own = (['accelerate', 'dualstack', 'fips'] as const).find((name) => remote[name] === true)
	if (own !== undefined && endpoint !== undefined)
		throw fatal(`'${own}' is for Amazon's own endpoints, and '${endpoint}' is given`)
	checkLock(remote)
	const file = remote.sseCustomerKeyFile
	const customerKey = file === undefined ? undefined : await readCustomerKey(file)
	return {
		endpoint,
		region,
		aws: endpoint === undefined || isAmazon(endpoint),
		// what is plain HTTP needs none, and node takes 20 ms for those that it has
		ca: endpoint?.startsWith('http:') ? undefined : await trustedCertificates(),
		customerKey,
	}
}

const isAmazon = (endpoint: string): boolean =>
	/(^|\.)amazonaws\.com(\.cn)?$/.test(new URL(endpoint).hostname)

/** The certificates of AWS_CA_BUNDLE beside those of Node, which does not know that variable. */
async function trustedCertificates(env: NodeJS.ProcessEnv = process.env): Promise<string[] | undefined> {
	const file = env['AWS_CA_BUNDLE']
	if (!file) return undefined
	const {rootCertificates} = await import('node:tls')
	try {
		return [...rootCertificates, await readFile(file, 'utf8')]
	} catch (error) {
		throw fatal(`cannot read '${file}' (AWS_CA_BUNDLE): ${reason(error)}`, undefined, error)
	}
}
