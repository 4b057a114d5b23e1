// Bucket policies, as far as this server evaluates them: Effect, Principal, Action and Resource.
// What it would have to ignore (conditions and negations), it refuses to store.

import {S3Error} from './errors.ts'

type Statement = {
	readonly effect: 'Allow' | 'Deny'
	readonly principals: readonly string[]
	readonly actions: readonly string[]
	readonly resources: readonly string[]
}

const list = (value: unknown): readonly string[] => {
	const values = Array.isArray(value) ? (value as unknown[]) : [value]
	if (values.length === 0 || !values.every((v) => typeof v === 'string')) throw new S3Error('MalformedPolicy')
	return values
}

function parseStatement(value: unknown, bucket: string): Statement {
	if (typeof value !== 'object' || value === null) throw new S3Error('MalformedPolicy')
	const {Effect, Principal, Action, Resource, Sid: _, ...others} = value as Record<string, unknown>
	const unknown = Object.keys(others)[0]
	if (unknown !== undefined)
		throw new S3Error('NotImplemented', `Policies with ${unknown} are not implemented`)
	if (Effect !== 'Allow' && Effect !== 'Deny') throw new S3Error('MalformedPolicy', 'Invalid effect')
	const principals = Principal === '*' ? Principal : (Principal as {AWS?: unknown} | undefined)?.AWS
	const resources = list(Resource)
	const arn = `arn:aws:s3:::${bucket}`
	if (!resources.every((r) => r === arn || r.startsWith(`${arn}/`)))
		throw new S3Error('MalformedPolicy', 'Policy has invalid resource')
	return {effect: Effect, principals: list(principals), actions: list(Action), resources}
}

/** The statements of a policy for `bucket`. */
export function parsePolicy(text: string, bucket: string): readonly Statement[] {
	let policy: {Statement?: unknown} | null
	try {
		policy = JSON.parse(text) as {Statement?: unknown} | null
	} catch {
		throw new S3Error('MalformedPolicy', 'Policies must be valid JSON')
	}
	const statements = policy?.Statement
	if (statements === undefined) throw new S3Error('MalformedPolicy', 'Missing required field Statement')
	return (Array.isArray(statements) ? statements : [statements]).map((s) => parseStatement(s, bucket))
}

/** Whether `text` matches a pattern with `*` and `?`; in time linear in their product. */
export function matches(pattern: string, text: string): boolean {
	let [p, t, star, resume] = [0, 0, -1, 0]
	while (t < text.length)
		if (pattern[p] === '*') [star, resume] = [p++, t]
		else if (pattern[p] === '?' || pattern[p] === text[t]) [p, t] = [p + 1, t + 1]
		else if (star >= 0) [p, t] = [star + 1, ++resume]
		else return false
	return /^\**$/.test(pattern.slice(p))
}

/** Whether a policy lets in anybody. */
export const isPublicPolicy = (text: string, bucket: string): boolean =>
	parsePolicy(text, bucket).some((s) => s.effect === 'Allow' && s.principals.includes('*'))

/** What a policy says about an action; undefined if it says nothing. A denial overrules. */
export function evaluatePolicy(
	text: string,
	bucket: string,
	asked: {readonly account: string | undefined; readonly action: string; readonly resource: string},
): 'Allow' | 'Deny' | undefined {
	const arn = `arn:aws:s3:::${asked.resource}`
	const applying = parsePolicy(text, bucket).filter(
		({principals, actions, resources}) =>
			principals.some((p) => p === '*' || p === asked.account) &&
			actions.some((a) => matches(a.toLowerCase(), asked.action.toLowerCase())) &&
			resources.some((r) => matches(r, arn)),
	)
	return applying.some((s) => s.effect === 'Deny') ? 'Deny' : applying[0]?.effect
}
