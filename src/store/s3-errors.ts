// What the SDK throws, as a StoreError that says in one line what happened and, where there is
// something to do, what. Nothing of the SDK's own text is shown but S3's message, and no header.

import {EXIT, reason} from '../base/errors.ts'
import {shown} from '../base/quote.ts'
import {
	aclsDisabled,
	archived,
	invalid,
	noSuchBucket,
	noSuchObject,
	noSuchUpload,
	preconditionFailed,
	shownObject,
} from './errors.ts'
import {codeOf, type SdkError} from './s3-retry.ts'
import {type Condition, type Kind, StoreError} from './store.ts'

/** What a request was about, for messages. */
export type About = {
	/** '' where there is none (listing buckets). */
	readonly bucket: string
	readonly key?: string | undefined
	readonly condition?: Condition | undefined
	/** The endpoint, as it is shown. */
	readonly endpoint: string
}

const DENIED: Readonly<Record<string, readonly [why: string, hint?: string]>> = {
	AccountProblem: ['there is a problem with the account'],
	AllAccessDisabled: ['all access to it is disabled'],
	ExpiredToken: ['the session token has expired', 'get a new one, for example with: aws sso login'],
	InvalidAccessKeyId: ['the access key is unknown', 'check AWS_ACCESS_KEY_ID or the profile'],
	InvalidToken: ['the session token is invalid', 'check AWS_SESSION_TOKEN or the profile'],
	SignatureDoesNotMatch: ['the signature does not match (is the secret key right?)'],
	TokenRefreshRequired: ['the session token has expired', 'get a new one, for example with: aws sso login'],
}

const REACH: Readonly<Record<string, string>> = {
	CERT_HAS_EXPIRED: 'its certificate has expired',
	DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed',
	EAI_AGAIN: 'its name cannot be resolved',
	ECONNREFUSED: 'connection refused',
	ECONNRESET: 'connection reset',
	EHOSTUNREACH: 'no route to host',
	ENETUNREACH: 'network is unreachable',
	ENOTFOUND: 'no such host',
	EPIPE: 'connection reset',
	EPROTO: 'it does not speak TLS',
	ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS',
	ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host',
	ETIMEDOUT: 'timed out',
	SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is signed by an unknown authority',
	TimeoutError: 'timed out',
	UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate is signed by an unknown authority',
	UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is signed by an unknown authority',
}

const CERTIFICATE = /CERT|SIGNATURE/

/** The StoreError for whatever a request threw; a StoreError stays what it is. */
export function toStoreError(error: unknown, about: About): StoreError {
	if (error instanceof StoreError) return error
	const code = codeOf(error)
	if (code === 'AbortError' || code === 'ABORT_ERR') return interrupted(error)
	if (code === 'CredentialsProviderError' || code === 'TokenProviderError')
		return noCredentials(error as SdkError, about)
	if ((error as SdkError).$metadata?.httpStatusCode === undefined) return unreachable(code, error, about)
	return answered(code, error as SdkError, about)
}

export const interrupted = (cause?: unknown): StoreError =>
	new StoreError('interrupted', 'AbortError', 'interrupted', {status: EXIT.interrupted, cause})

const subject = ({bucket, key, endpoint}: About): string =>
	key !== undefined ? shownObject(bucket, key) : bucket === '' ? shown(endpoint) : `bucket ${shown(bucket)}`

function noCredentials(error: SdkError, about: About): StoreError {
	const said = error.message ?? ''
	const profile = /profile:? \[?([^\s[\]]+)\]?/.exec(said)?.[1]
	const expired = /expired|refresh|sso/i.test(said)
	const message = expired ? 'the credentials have expired' : 'no credentials'
	return new StoreError(
		'denied',
		'CredentialsProviderError',
		`${message}${profile === undefined ? '' : ` in profile ${shown(profile)}`} for ${subject(about)}`,
		{
			hint: expired
				? 'get new ones, for example with: aws sso login'
				: 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or choose a profile with --profile',
			cause: error,
		},
	)
}

function unreachable(code: string, error: unknown, {endpoint}: About): StoreError {
	const why = REACH[code] ?? (code.startsWith('HPE_') ? 'it does not speak HTTP' : undefined)
	return new StoreError('network', code, `cannot reach ${shown(endpoint)}: ${why ?? reason(error)}`, {
		hint: CERTIFICATE.test(code) ? 'name a file of trusted certificates in AWS_CA_BUNDLE' : undefined,
		cause: error,
	})
}

/** What the store itself said. */
function answered(code: string, error: SdkError, about: About): StoreError {
	const {bucket, key, condition = {}} = about
	const status = error.$metadata?.httpStatusCode ?? 0
	const hint = (kind: Kind, message: string, text?: string) =>
		new StoreError(kind, code === '' ? String(status) : code, message, {hint: text, cause: error})

	if (code === 'NoSuchBucket') return noSuchBucket(bucket, error)
	if (code === 'NoSuchUpload') return noSuchUpload(bucket, key ?? '', error)
	if (code === 'PreconditionFailed' || code === 'ConditionalRequestConflict' || status === 412)
		return preconditionFailed(bucket, key ?? '', condition, error)
	if (code === 'AccessControlListNotSupported' || code === 'InvalidBucketAclWithObjectOwnership')
		return aclsDisabled(bucket, error)
	if (code === 'InvalidObjectState' && key !== undefined) return archived(bucket, key, error)
	if (code === 'RequestTimeTooSkewed' || code === 'RequestExpired' || code === 'RequestInTheFuture')
		return hint(
			'skew',
			`the clock of this machine and that of ${shown(about.endpoint)} differ too much`,
			"set this machine's clock (its time is part of every signature)",
		)
	if (code === 'InvalidBucketName') return hint('invalid', `bucket name ${shown(bucket)} is not allowed`)
	if (code === 'BucketNotEmpty')
		return hint(
			'other',
			`bucket ${shown(bucket)} is not empty`,
			`list what is in it, and what was deleted, with: s3r ls-versions ${bucket}`,
		)
	if (code === 'BucketAlreadyExists')
		return hint(
			'denied',
			`bucket ${shown(bucket)} belongs to somebody else`,
			'bucket names are shared by all accounts: choose another',
		)
	if (status === 401 || status === 403 || DENIED[code] !== undefined) return denied(code, error, about)
	if (status === 404) return gone(code, error, about)
	if (status === 501 || code === 'NotImplemented')
		return hint('other', `${shown(about.endpoint)} does not implement this for ${subject(about)}`)
	if (status === 405)
		return hint('other', `${shown(about.endpoint)} does not allow this for ${subject(about)}`)
	if (
		key !== undefined &&
		/stored using (a|another) form of Server Side Encryption/i.test(error.message ?? '')
	)
		return hint(
			'invalid',
			`${subject(about)} is encrypted with a key of its owner's`,
			'--sse-c-key-file names the file of its key',
		)
	if (status >= 400 && status < 500 && code !== '')
		return invalid(code, `the store refuses ${subject(about)}: ${saidBy(error, code)}`, error)
	if (status < 300 || code === 'SyntaxError' || code === 'TypeError')
		return hint('network', `${shown(about.endpoint)} does not answer as S3 does`)
	return hint(
		'other',
		`${shown(about.endpoint)} failed for ${subject(about)}: ${saidBy(error, code)} (${status})`,
	)
}

function denied(code: string, error: SdkError, about: About): StoreError {
	const [known, hint] = DENIED[code] ?? []
	const locked = /protected by object lock/i.test(error.message ?? '')
		? 'it is locked (object lock)'
		: undefined
	const why = known ?? locked
	const blocked = /BlockPublicAc|public access control lists/i.test(error.message ?? '')
	return new StoreError(
		'denied',
		code === '' ? 'AccessDenied' : code,
		`access denied to ${subject(about)}${why !== undefined ? `: ${why}` : blocked ? ': Block Public Access is on' : ''}`,
		{
			hint: blocked ? `lift it for ACLs with: s3r create-bucket --acl public-read ${about.bucket}` : hint,
			cause: error,
		},
	)
}

function gone(code: string, error: SdkError, about: About): StoreError {
	const {bucket, key, condition} = about
	if (key === undefined)
		return bucket === ''
			? new StoreError('network', code, `${shown(about.endpoint)} does not answer as S3 does`, {cause: error})
			: noSuchBucket(bucket, error)
	if (condition?.ifMatch !== undefined) return preconditionFailed(bucket, key, condition, error)
	return noSuchObject(bucket, key, error)
}

/** A store's words, with nothing that could move a terminal's cursor. */
const plain = (text: string): string => text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, ' ')

/** S3's own message in s3r's style, or its code where it gave none. */
function saidBy(error: SdkError, code: string): string {
	const line = plain((error.message ?? '').split('\n')[0] ?? '')
		.trim()
		.replace(/\.$/, '')
	if (line === '' || /^Unknown|Deserialization/.test(line))
		return code === '' ? 'no reason given' : plain(code)
	return /^[A-Z][a-z ]/.test(line) ? line.charAt(0).toLowerCase() + line.slice(1) : line
}
