// A key of the customer's for encryption by the store (SSE-C). It is read from its file and goes into headers only:
// never into arguments, messages, the config or the index.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerSideEncryptionCustomerKeys.html

import {createHash} from 'node:crypto'
import {readFile} from 'node:fs/promises'
import {isAbsolute} from 'node:path'
import {fatal, reason} from '../base/errors.ts'
import type {HeaderList} from './http.ts'

/** Both in base64. */
export type CustomerKey = {readonly key: string; readonly md5: string}

const BYTES = 32

/** Reads the 32 bytes of a key: as they are, or in base64 or hexadecimal with or without a line end. */
export async function readCustomerKey(file: string): Promise<CustomerKey> {
	if (!isAbsolute(file)) throw fatal(`the name of the key file '${file}' is not absolute`)
	const key = keyIn(await contentOf(file))
	if (key === undefined)
		throw fatal(
			`'${file}' does not hold a key of ${BYTES} bytes`,
			"'head -c 32 /dev/urandom >file' makes one; whoever loses it loses what it encrypts",
		)
	return {key: key.toString('base64'), md5: createHash('md5').update(key).digest('base64')}
}

async function contentOf(file: string): Promise<Buffer> {
	try {
		return await readFile(file)
	} catch (error) {
		throw fatal(`cannot read the key file '${file}': ${reason(error)}`, undefined, error)
	}
}

function keyIn(content: Buffer): Buffer | undefined {
	if (content.length === BYTES) return content
	const text = content.toString('latin1').trim()
	if (/^[0-9a-fA-F]{64}$/.test(text)) return Buffer.from(text, 'hex')
	return /^[A-Za-z0-9+/]{43}=$/.test(text) ? Buffer.from(text, 'base64') : undefined
}

const names = (prefix: string) => `${prefix}server-side-encryption-customer-`

/** The headers of a request on an object that is, or is to be, encrypted with the key. */
export const customerKeyHeaders = (customer: CustomerKey | undefined): HeaderList =>
	keyHeaders('x-amz-', customer)

/** The headers that say that the source of a copy is encrypted with it. */
export const sourceKeyHeaders = (customer: CustomerKey | undefined): HeaderList =>
	keyHeaders('x-amz-copy-source-', customer)

const keyHeaders = (prefix: string, customer: CustomerKey | undefined): HeaderList =>
	customer === undefined
		? []
		: [
				[`${names(prefix)}algorithm`, 'AES256'],
				[`${names(prefix)}key`, customer.key],
				[`${names(prefix)}key-md5`, customer.md5],
			]

/** The same as the SDK's parameters, which computes the MD5 itself. */
export const customerKeyParams = (customer: CustomerKey | undefined) =>
	customer === undefined ? {} : {SSECustomerAlgorithm: 'AES256', SSECustomerKey: customer.key}

/** The same of the source of a copy. */
export const sourceKeyParams = (customer: CustomerKey | undefined) =>
	customer === undefined
		? {}
		: {CopySourceSSECustomerAlgorithm: 'AES256', CopySourceSSECustomerKey: customer.key}
