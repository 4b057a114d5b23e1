// Which failed requests are worth another try, and when. One loop for all requests: the SDK's own
// cannot send a stream twice, and knows nothing of a store that never answered.

import {setTimeout as sleep} from 'node:timers/promises'
import {errnoOf} from '../base/errors.ts'

/** What the SDK throws, as far as it is looked at. */
export type SdkError = {
	readonly name?: string
	readonly message?: string
	readonly Code?: string
	readonly Region?: string | undefined
	readonly $metadata?: {readonly httpStatusCode?: number; readonly clockSkewCorrected?: boolean}
	readonly $response?: {readonly headers?: Readonly<Record<string, string>>; readonly body?: unknown}
}

/** That a reply is not one of S3's, in the shape of the SDK. */
export const notS3 = (message: string): Error =>
	Object.assign(new Error(message), {name: 'SyntaxError', $metadata: {httpStatusCode: 200}})

/** How often a request is tried where AWS_MAX_ATTEMPTS does not say it. */
const ATTEMPTS = 6
/** Milliseconds that the first wait takes at most; each later one takes twice as long, up to LONGEST. */
export const FIRST_WAIT = 200
const LONGEST = 20_000

/** The last three: the bytes were damaged on their way, for what is sent fits its checksum. */
const TRANSIENT = new Set([
	'ConditionalRequestConflict',
	'InternalError',
	'OperationAborted',
	'RequestTimeout',
	'ServiceUnavailable',
	'SlowDown',
	'Throttling',
	'ThrottlingException',
	'BadDigest',
	'XAmzContentChecksumMismatch',
	'XAmzContentSHA256Mismatch',
])
const STATUS = new Set([429, 500, 502, 503, 504])
/** Nobody there: retried only if the store has answered before, so that a typing error shows at once. */
const UNREACHABLE = new Set([
	'EAI_AGAIN',
	'ECONNREFUSED',
	'EHOSTUNREACH',
	'ENETUNREACH',
	'ENOTFOUND',
	'ETIMEDOUT',
	'TimeoutError',
])
const BROKEN = new Set(['ECONNABORTED', 'ECONNRESET', 'EPIPE'])

/** S3's own code of an error, or that of the system, or '' where nobody gave one. */
export function codeOf(error: unknown): string {
	const {name, Code, $metadata} = (error ?? {}) as SdkError
	if ($metadata?.httpStatusCode === undefined) return errnoOf(error) ?? name ?? ''
	const named = Code ?? name ?? ''
	return /^(Unknown(Error)?|\d+|Error|S3ServiceException)$/.test(named) ? '' : named
}

/** Whether what timed out was a connection that there was: the system's own words, and those of the SDK. */
const wasConnected = (error: unknown): boolean =>
	(error as NodeJS.ErrnoException).syscall === 'read' || /of inactivity/.test((error as Error).message)

/** Whether the same request may succeed a moment later. */
export function isTransient(error: unknown, answered: boolean): boolean {
	const code = codeOf(error)
	const {$metadata} = error as SdkError
	if (UNREACHABLE.has(code)) return answered || wasConnected(error)
	return (
		$metadata?.clockSkewCorrected === true ||
		BROKEN.has(code) ||
		TRANSIENT.has(code) ||
		STATUS.has($metadata?.httpStatusCode ?? 0)
	)
}

/** Whether the store asks for fewer requests. */
export const isSlowDown = (error: unknown): boolean =>
	[429, 503].includes((error as SdkError).$metadata?.httpStatusCode ?? 0)

/** How many times a request is tried, from AWS_MAX_ATTEMPTS as the AWS tools read it. */
export function attemptsOf(env: NodeJS.ProcessEnv = process.env): number {
	const said = Number(env['AWS_MAX_ATTEMPTS'] ?? ATTEMPTS)
	return Number.isInteger(said) && said > 0 ? said : ATTEMPTS
}

/**
 * Waits before attempt `attempt` (2 is the second): a random part of a time that doubles (full jitter),
 * `first` milliseconds to begin with, or as long as the store asked for. Rejects with the signal's reason
 * when that is aborted.
 */
export async function backOff(
	attempt: number,
	error: unknown,
	first: number,
	signal: AbortSignal | undefined,
): Promise<void> {
	const asked = Number((error as SdkError).$response?.headers?.['retry-after']) * 1000
	const jittered = Math.random() * Math.min(LONGEST, first * 2 ** (attempt - 2))
	await sleep(asked > 0 ? Math.min(asked, LONGEST) : jittered, undefined, {signal})
}
