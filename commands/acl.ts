// s3r acl: print or set who may read and write objects, or a bucket.

import {EXIT, fatal, usage} from '../src/base/errors.ts'
import {fromUnicode} from '../src/base/path.ts'
import {pool} from '../src/base/pool.ts'
import {quote} from '../src/base/quote.ts'
import {bucketOf} from '../src/cli/bucket-of.ts'
import {command, type Context} from '../src/cli/command.ts'
import {chosenFlags, dryRunFlags, remoteFlags} from '../src/cli/flags.ts'
import {itemErrors} from '../src/cli/item-errors.ts'
import {didYouMean} from '../src/cli/nearest.ts'
import {objectsBelow, Stores} from '../src/cli/objects.ts'
import {objectOf} from '../src/cli/work.ts'
import {CANNED, type Canned, formatGrant, type Grant} from '../src/format/acl.ts'
import {parseGrant} from '../src/format/grant.ts'
import {isKind, type Store} from '../src/store/store.ts'
import {isFinal} from '../src/sync/final.ts'

/** Objects whose ACL is set at once. */
const WIDTH = 16

export default command({
	name: 'acl',
	summary: 'print or set who may read and write objects',
	synopsis: [
		'[-nr] [<canned> | --grant <permission=grantee>...] [<option>...] <path>...',
		'[-n] [<canned> | --grant <permission=grantee>...] [<option>...] --bucket <bucket>',
	],
	flags: {
		bucket: {type: 'string', arg: 'bucket', help: 'the ACL of a bucket'},
		grant: {
			type: 'string',
			arg: 'permission=grantee',
			multiple: true,
			help: 'grant this, and nothing else but all to the owner',
		},
		recursive: {type: 'boolean', short: 'r', help: 'of all that is below a key'},
		...dryRunFlags,
		...chosenFlags,
		...remoteFlags,
	},

	async run(context, flags, args) {
		const canned = CANNED.find((name) => name === args[0])
		const names = canned === undefined ? args : args.slice(1)
		const grants = flags.grant?.map(parseGrant)
		if (canned !== undefined && grants) throw usage(`'${canned}' and '--grant' exclude each other`)
		if (flags.bucket !== undefined && names.length > 0)
			throw usage("'--bucket' and a path exclude each other")
		if (flags.bucket === undefined && names.length === 0) throw usage("a path or '--bucket' is missing")
		const stores = new Stores(context, {pretend: flags['dry-run']})
		const wanted = {canned, grants}
		try {
			if (flags.bucket !== undefined) {
				const store = await stores.of(bucketOf(context, flags, flags.bucket))
				await printOrSet(context, store, undefined, wanted)
				return EXIT.ok
			}
			const errors = itemErrors(context)
			const isMany = flags.recursive === true || names.length > 1
			for (const name of names) {
				const {remote, key} = objectOf(context, flags, name)
				const store = await stores.of(remote)
				const found = flags.recursive ? objectsBelow(store, key) : [{key}]
				await pool(
					found,
					{width: wanted.canned || grants ? WIDTH : 1, signal: context.signal},
					async (object) => {
						try {
							await printOrSet(context, store, object.key, {...wanted, isMany})
						} catch (error) {
							if (isFinal(error) || isKind(error, 'acls-disabled')) throw error
							errors.failed(fromUnicode(object.key), (canned ?? grants) ? error : misspelt(error, name))
						}
					},
				)
			}
			return errors.status
		} finally {
			await stores.close()
		}
	},
})

type Wanted = {
	readonly canned: Canned | undefined
	readonly grants: readonly Grant[] | undefined
	/** Each grant is printed with the key that it is of. */
	readonly isMany?: boolean
}

/** Sets the ACL of an object, or with undefined of the bucket; prints its grants where none is wanted. */
async function printOrSet(
	{io}: Context,
	store: Store,
	key: string | undefined,
	{canned, grants, isMany}: Wanted,
): Promise<void> {
	if (canned) return store.putAcl(key, canned)
	const {owner, grants: there} = await store.getAcl(key)
	const all: Grant = {permission: 'FULL_CONTROL', grantee: {id: owner}}
	if (grants) return store.putAcl(key, {owner, grants: [all, ...grants]})
	const label = isMany ? `\t${quote(fromUnicode(key ?? ''))}` : ''
	for (const grant of there) await io.record(fromUnicode(formatGrant(grant)) + label)
}

/** An object that is not there may have been meant as a canned ACL. */
const misspelt = (error: unknown, name: string): unknown =>
	isKind(error, 'not-found') ? fatal(error.message, didYouMean(name, CANNED), error) : error
