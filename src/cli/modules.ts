// What a daemon offers: modules that a config or the command line names, else every bucket of the account.

import {readFileSync, statSync} from 'node:fs'
import {fatal, reason, S3rError} from '../base/errors.ts'
import {forFs, fromUnicode, type Path, toUnicode} from '../base/path.ts'
import {shown} from '../base/quote.ts'
import {type ModuleConfig, parseSecrets} from '../format/daemon-config.ts'
import type {Remote} from '../format/remote.ts'
import type {Access, AuthUser} from '../peer/rsync/auth.ts'
import type {ServedModule} from '../peer/rsync/daemon.ts'
import type {Modules} from '../peer/rsync/greeting.ts'
import {absolute} from '../repo/find.ts'
import {account, namedRemote} from '../repo/remotes.ts'
import {listBuckets} from '../store/open.ts'
import {isKind} from '../store/store.ts'
import {sizeOf} from './choices.ts'
import type {Context} from './command.ts'
import type {RemoteValues, SignatureValues} from './flags.ts'
import {openTarget} from './rsync-target.ts'
import {lookup} from './work.ts'

type ModuleValues = RemoteValues & SignatureValues

/** The module of a remote, opened when a client asks for it. */
function served(
	context: Context,
	flags: ModuleValues,
	{config, remote}: {readonly config: ModuleConfig; readonly remote: Remote},
): ServedModule {
	const signatures = sizeOf('signatures', flags.signatures) ?? config.signatures
	return {
		name: fromUnicode(config.name),
		readOnly: config.readOnly,
		users: config.authUsers.map(parseUser),
		password: (user) => passwordOf(context, config.secretsFile, user),
		open: () => openTarget(context, flags, {remote, signatures}),
	}
}

function parseUser(text: string): AuthUser {
	const [, name = text, access] = /^(.+):(rw|ro|deny)$/.exec(text) ?? []
	return {name: fromUnicode(name), access: access as Access | undefined}
}

/** Modules that were named. */
export function namedModules(
	context: Context,
	flags: ModuleValues,
	configs: readonly ModuleConfig[],
): Modules<ServedModule> {
	const where = lookup(context, flags)
	const all = new Map(
		configs.map((config) => {
			checkSecrets(context, config.secretsFile)
			const remote = namedRemote(config.remote, where)
			return [fromUnicode(config.name), served(context, flags, {config, remote})]
		}),
	)
	const listed = configs
		.filter(({list}) => list)
		.map(({name, comment}) => ({name: fromUnicode(name), comment: fromUnicode(comment)}))
	return {list: async () => listed, find: async (name) => all.get(name)}
}

/** Every bucket of the account is a module. Where they cannot be listed, any that can be used is. */
export function bucketModules(
	context: Context,
	flags: ModuleValues,
	{readOnly}: {readonly readOnly: boolean},
): Modules<ServedModule> {
	const where = lookup(context, flags)
	const signatures = sizeOf('signatures', flags.signatures)
	const names = async (): Promise<readonly string[]> =>
		(await listBuckets(account(where), {signal: context.signal})).map(({name}) => name)
	return {
		list: async () => (await names()).map((name) => ({name, comment: 'S3 bucket'})),
		find: async (asked) => {
			const known = await names().catch((error: unknown) => {
				if (isKind(error, 'denied')) return undefined
				throw error
			})
			const name = toUnicode(asked)
			if (name === undefined || known?.includes(name) === false) return undefined
			const config = {
				name,
				remote: name,
				comment: '',
				readOnly,
				list: true,
				authUsers: [],
				secretsFile: undefined,
				signatures,
			}
			try {
				return served(context, flags, {config, remote: namedRemote(`s3://${name}`, where)})
			} catch (error) {
				// It cannot be the name of a bucket.
				if (error instanceof S3rError) return undefined
				throw error
			}
		},
	}
}

/** Passwords are read when they are needed, so that a change counts at once. */
function passwordOf(context: Context, file: string | undefined, user: string): string | undefined {
	return file === undefined ? undefined : parseSecrets(readSecrets(secretsPath(context, file))).get(user)
}

const secretsPath = ({cwd}: Context, file: string): Path => absolute(cwd, fromUnicode(file))

function readSecrets(file: Path): string {
	try {
		return readFileSync(forFs(file), 'latin1')
	} catch (error) {
		throw fatal(`cannot read ${shown(file)}: ${reason(error)}`, undefined, error)
	}
}

/** A file that everybody can read holds no secrets. */
function checkSecrets(context: Context, name: string | undefined): void {
	if (name === undefined) return
	const file = secretsPath(context, name)
	readSecrets(file)
	if ((statSync(forFs(file)).mode & 0o007) !== 0)
		throw fatal(`the secrets in ${shown(file)} are not secret: others may read it`, `chmod o= ${file}`)
}
