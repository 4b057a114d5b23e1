// s3r put-acl: replace ACLs by the grants on stdin, as cat-acl and acl print them.

import {fatal, usage} from '../src/base/errors.ts'
import {quote, shown, unquote} from '../src/base/quote.ts'
import {type AskedObject, objectsOfLines, withPath} from '../src/cli/asked-objects.ts'
import {bucketOf} from '../src/cli/bucket-of.ts'
import {command, type Context, type Values} from '../src/cli/command.ts'
import {requireStdin} from '../src/cli/executing.ts'
import {chosenFlags, dryRunFlags, recordFlags, remoteFlags, stdinFlags} from '../src/cli/flags.ts'
import {itemErrors} from '../src/cli/item-errors.ts'
import {Stores} from '../src/cli/objects.ts'
import {objectOf, unicode} from '../src/cli/work.ts'
import type {Grant} from '../src/format/acl.ts'
import {parseGrant} from '../src/format/grant.ts'
import {isKind} from '../src/store/store.ts'
import {isFinal} from '../src/sync/final.ts'

const flagsOfPut = {
	...stdinFlags,
	null: recordFlags.null,
	bucket: {type: 'string', arg: 'bucket', help: 'the ACL of a bucket'},
	...dryRunFlags,
	...chosenFlags,
	...remoteFlags,
} as const
type PutValues = Values<typeof flagsOfPut>

/** An object, or a bucket where the key is '', and all its grants. */
type Wanted = {readonly object: AskedObject; readonly grants: readonly Grant[]}

export default command({
	name: 'put-acl',
	summary: 'replace ACLs by the grants on stdin',
	synopsis: [
		'--stdin [-nz] [<option>...] <key>',
		'--stdin [-nz] [<option>...] --bucket <bucket>',
		'--stdin [-nz] [<option>...]',
	],
	flags: flagsOfPut,
	arity: [0, 1],

	async run(context, flags, [key]) {
		requireStdin(flags)
		if (flags.bucket !== undefined && key !== undefined)
			throw usage("'--bucket' and a key exclude each other")
		const {io, signal} = context
		const nul = flags.null ?? false
		const one =
			flags.bucket !== undefined
				? withPath({remote: bucketOf(context, flags, flags.bucket), key: ''})
				: key === undefined
					? undefined
					: withPath(objectOf(context, flags, key))
		const errors = itemErrors(context)
		const stores = new Stores(context, {pretend: flags['dry-run']})
		try {
			for await (const {object, grants} of one
				? [await allFor(context, one, nul)]
				: grouped(context, flags)) {
				signal.throwIfAborted()
				try {
					const store = await stores.of(object.remote)
					const acl = object.key === '' ? undefined : object.key
					await store.putAcl(acl, {owner: (await store.getAcl(acl)).owner, grants})
					await io.record(nul ? object.path : quote(object.path), nul)
				} catch (error) {
					if (isFinal(error) || isKind(error, 'acls-disabled')) throw error
					errors.failed(object.path, error)
				}
			}
		} finally {
			await stores.close()
		}
		return errors.status
	},
})

async function allFor({io}: Context, object: AskedObject, nul: boolean): Promise<Wanted> {
	const grants: Grant[] = []
	for await (const line of io.stdinRecords(nul)) if (line !== '') grants.push(grantOf(line))
	// an ACL that grants nothing is more likely a listing that failed
	if (grants.length === 0)
		throw fatal('there is no grant on standard input', "'s3r acl private' takes all away")
	return {object, grants}
}

/** The lines of each object, which stand together; an empty one ends them, for who waits for the answer. */
async function* grouped(context: Context, flags: PutValues): AsyncIterable<Wanted> {
	const nul = flags.null ?? false
	const objectAt = objectsOfLines(context, flags)
	let name: string | undefined
	let grants: Grant[] = []
	const taken = function* () {
		if (name !== undefined) yield {object: objectAt({path: name}), grants}
		name = undefined
		grants = []
	}
	for await (const line of context.io.stdinRecords(nul)) {
		const [, grant = '', written = ''] = /^([^\t]*\t[^\t]*)\t(.+)$/s.exec(line) ?? []
		const path = nul ? written : unquote(written)
		if (line !== '' && !path)
			throw fatal(`not a grant of an object: ${shown(line)}`, "'s3r acl -r' prints them")
		if (path !== name) yield* taken()
		if (!path) continue
		name = path
		grants.push(grantOf(grant))
	}
	yield* taken()
}

const grantOf = (line: string): Grant => parseGrant(unicode(line))
