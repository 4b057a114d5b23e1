// What goes wrong on the data plane, in the shape in which the SDK throws it.

import type {SdkError} from './s3-retry.ts'

/** What a connection ends with that fell silent, or that was not even made. */
export const timedOut = (isConnecting: boolean): Error =>
	Object.assign(new Error('timed out'), {code: 'ETIMEDOUT', syscall: isConnecting ? 'connect' : 'read'})

/** That what came is no HTTP, with a code like those of node's own parser. */
export const notHttp = (message: string): Error => Object.assign(new Error(message), {code: 'HPE_INVALID'})

/** S3's refusal of a request. `Region` is where its bucket is, if that is why. */
export class Refusal extends Error implements SdkError {
	override readonly name: string
	readonly Region: string | undefined
	readonly $metadata: {readonly httpStatusCode: number; readonly clockSkewCorrected?: boolean}
	readonly $response: {readonly headers: Readonly<Record<string, string>>}

	constructor(
		status: number,
		headers: Readonly<Record<string, string>>,
		body: Buffer,
		clockSkewCorrected = false,
	) {
		const xml = body.toString()
		super(textIn(xml, 'Message') ?? '')
		this.name = textIn(xml, 'Code') ?? ''
		this.Region = textIn(xml, 'Region')
		this.$metadata = {httpStatusCode: status, clockSkewCorrected}
		this.$response = {headers}
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
