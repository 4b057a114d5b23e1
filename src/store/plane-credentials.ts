// Credentials that can be read off: in the environment, or as the pair of keys of a profile. All others (SSO, roles,
// processes, web identities, machines) the SDK finds, which takes longer to load than a request takes.
// https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html

import {profileIn, readAwsConfig, readAwsCredentials, type Section} from './aws-files.ts'
import type {Credentials} from './sigv4.ts'

/** What a profile may say that makes the SDK look elsewhere for credentials. */
const ELSEWHERE =
	/^(?:aws_credential_scope|credential_\w+|login_session|role_arn|source_profile|sso_\w+|web_identity_\w+)$/
/** What it may say that changes AWS's own endpoints, or how requests to them are signed. */
const RULES = /^(?:auth_scheme_preference|sigv4a_\w+|use_\w+_endpoint)$/

/**
 * What the SDK would sign with, for a profile (undefined: none was chosen) at an endpoint (undefined: AWS's own).
 * undefined if it has to look for that itself. Rejects with 'fatal' if a file that counts cannot be read.
 */
export async function plainCredentials(
	{profile, endpoint}: {readonly profile: string | undefined; readonly endpoint: string | undefined},
	env: NodeJS.ProcessEnv,
): Promise<Credentials | undefined> {
	const chosen = profile || env['AWS_PROFILE'] || undefined
	const given = chosen === undefined ? inEnvironment(env) : undefined
	if (given !== undefined && env['AWS_CREDENTIAL_EXPIRATION']) return undefined
	if (given !== undefined && endpoint !== undefined) return given
	const config = profileIn(await readAwsConfig(env), chosen ?? 'default') ?? new Map<string, string>()
	if (says(config, RULES)) return undefined
	return given ?? inProfile(config, (await readAwsCredentials(env)).get(chosen ?? 'default'))
}

const says = (section: Section, what: RegExp): boolean => [...section.keys()].some((name) => what.test(name))

/** A pair, of which neither may be empty. */
function pair(
	accessKeyId: string | undefined,
	secretAccessKey: string | undefined,
	sessionToken: string | undefined,
): Credentials | undefined {
	if (!accessKeyId || !secretAccessKey) return undefined
	return {accessKeyId, secretAccessKey, sessionToken: sessionToken || undefined}
}

const inEnvironment = (env: NodeJS.ProcessEnv): Credentials | undefined =>
	pair(env['AWS_ACCESS_KEY_ID'], env['AWS_SECRET_ACCESS_KEY'], env['AWS_SESSION_TOKEN'])

/** The pair of a profile, the credentials file over the other; undefined if that is not all it says of them. */
function inProfile(config: Section, credentials: Section | undefined): Credentials | undefined {
	const section = new Map([...config, ...(credentials ?? [])])
	if (says(section, ELSEWHERE)) return undefined
	return pair(
		section.get('aws_access_key_id'),
		section.get('aws_secret_access_key'),
		section.get('aws_session_token'),
	)
}
