// What goes wrong on the data plane, in the shape in which the SDK throws it.

import type {SdkError} from './s3-retry.ts'

/** The codes of undici that are those of the system under other names. */
const SYSTEM: Readonly<Record<string, string>> = {
	UND_ERR_ABORTED: 'ECONNABORTED',
	UND_ERR_CONNECT_TIMEOUT: 'ETIMEDOUT',
	UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'ECONNRESET',
	UND_ERR_SOCKET: 'ECONNRESET',
}

/** An error of undici under the system's name, any other as it is. */
export function asSystemError(error: Error): Error {
	const code = SYSTEM[(error as NodeJS.ErrnoException).code ?? '']
	return code === undefined ? error : Object.assign(new Error(error.message, {cause: error}), {code})
}

/** What a connection that was made, and then fell silent, ends with. */
export const timedOut = (): Error =>
	Object.assign(new Error('timed out'), {code: 'ETIMEDOUT', syscall: 'read'})

/** S3's refusal of a request. `Region` is where its bucket is, if that is why. */
export class Refusal extends Error implements SdkError {
	override readonly name: string
	readonly Region: string | undefined
	readonly $metadata: {readonly httpStatusCode: number; readonly clockSkewCorrected?: boolean}
	readonly $response: {readonly headers: Readonly<Record<string, string>>}

	constructor(
		status: number,
		headers: ReadonlyMap<string, string>,
		body: Buffer,
		clockSkewCorrected = false,
	) {
		const xml = body.toString()
		super(textIn(xml, 'Message') ?? '')
		this.name = textIn(xml, 'Code') ?? ''
		this.Region = textIn(xml, 'Region')
		this.$metadata = {httpStatusCode: status, clockSkewCorrected}
		this.$response = {headers: Object.fromEntries(headers)}
	}
}

const ENTITIES: Readonly<Record<string, string>> = {
	'&lt;': '<',
	'&gt;': '>',
	'&quot;': '"',
	'&apos;': "'",
	'&amp;': '&',
}

/** The text of the first element of this name. */
const textIn = (xml: string, name: string): string | undefined =>
	new RegExp(`<${name}>([^<]*)</${name}>`)
		.exec(xml)?.[1]
		?.replaceAll(/&(?:lt|gt|quot|apos|amp);/g, (entity) => ENTITIES[entity] ?? entity)
