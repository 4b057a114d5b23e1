// What the tests of stores have in common.

import {createHash} from 'node:crypto'
import {mkdtemp, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import type {ExecutionContext} from 'ava'
import {type Body, type Kind, type Listed, type Store, StoreError} from '../../src/store/store.ts'

export const MIB = 2 ** 20

/** A home of AWS's two files, which replace whatever the environment says. */
export type AwsHome = {
	readonly directory: string
	/** Writes the two files. */
	write(config: readonly string[], credentials: readonly string[]): Promise<void>
	remove(): Promise<void>
}

export async function awsHome(): Promise<AwsHome> {
	const directory = await mkdtemp(join(tmpdir(), 's3r-store-'))
	const [config, credentials] = [join(directory, 'config'), join(directory, 'credentials')]
	// AWS_SDK_… are of the SDK, not of the account
	for (const name of Object.keys(process.env)) if (/^AWS_(?!SDK_)/.test(name)) delete process.env[name]
	process.env['AWS_CONFIG_FILE'] = config
	process.env['AWS_SHARED_CREDENTIALS_FILE'] = credentials
	process.env['AWS_EC2_METADATA_DISABLED'] = 'true'
	return {
		directory,
		async write(sections, secrets) {
			await writeFile(config, sections.join('\n'))
			await writeFile(credentials, secrets.join('\n'))
		},
		remove: () => rm(directory, {recursive: true, force: true}),
	}
}

/** A section of the credentials file. */
export const credentials = (profile: string, key: string | undefined, secret: string | undefined): string =>
	`[${profile}]\naws_access_key_id = ${key}\naws_secret_access_key = ${secret}\n`

export const bytes = (text: string): Buffer => Buffer.from(text)
export const md5 = (body: Buffer): Buffer => createHash('md5').update(body).digest()
export const hex = (body: string | Buffer): string => createHash('md5').update(body).digest('hex')

/** A body that is not in memory. */
export function source(...chunks: readonly (string | Buffer)[]): Exclude<Body, Buffer> {
	const given = chunks.map((chunk) => (typeof chunk === 'string' ? Buffer.from(chunk) : chunk))
	return {
		length: given.reduce((sum, {length}) => sum + length, 0),
		async *chunks() {
			yield* given
		},
	}
}

export async function read(body: AsyncIterable<Buffer>): Promise<Buffer> {
	const chunks: Buffer[] = []
	for await (const chunk of body) chunks.push(chunk)
	return Buffer.concat(chunks)
}

export const contentOf = async (store: Store, key: string): Promise<string> =>
	(await read((await store.get(key)).body)).toString()

export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
	const found = []
	for await (const item of items) found.push(item)
	return found
}

export const pagesOf = (store: Store, prefix = '', after?: string): Promise<(readonly Listed[])[]> =>
	all(store.list(prefix, {after}))

export const keysOf = async (store: Store, prefix?: string, after?: string): Promise<string[]> =>
	(await pagesOf(store, prefix, after)).flat().map(({key}) => key)

/** Asserts that `work` rejects with a StoreError of this kind, in one line without a secret or a stack. */
export async function fails(t: ExecutionContext, kind: Kind, work: Promise<unknown>): Promise<StoreError> {
	const error = await t.throwsAsync(work, {instanceOf: StoreError})
	t.is(error.kind, kind, error.message)
	t.notRegex(`${error.message} ${error.hint}`, /secret-key|\n|\bat .*:\d+:\d+|Authorization/)
	return error
}
