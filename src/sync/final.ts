// Errors that are not of one item.

import {Unrecorded} from '../repo/session.ts'
import {RequestsSpent} from '../store/counted.ts'
import {isKind} from '../store/store.ts'

/** What S3 and the SDK call it when it is the credentials, and not what is asked for, that is refused. */
const CREDENTIALS = new Set([
	'AccountProblem',
	'CredentialsProviderError',
	'ExpiredToken',
	'InvalidAccessKeyId',
	'InvalidToken',
	'SignatureDoesNotMatch',
	'TokenRefreshRequired',
])

/** Whether no other item would fare better, or nobody wants more: the work ends with this error. */
export const isFinal = (error: unknown, signal?: AbortSignal): boolean =>
	signal?.aborted === true ||
	error instanceof Unrecorded ||
	error instanceof RequestsSpent ||
	isKind(error, 'no-bucket') ||
	isKind(error, 'interrupted') ||
	isKind(error, 'skew') ||
	isKind(error, 'network') ||
	(isKind(error, 'denied') && CREDENTIALS.has(error.code))
