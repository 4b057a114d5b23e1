// URLs that whoever has them may use for a while.

import {fatal} from '../base/errors.ts'
import type {Remote} from '../format/remote.ts'
import type {Presigner} from './open.ts'
import {payerHeaders} from './plane-headers.ts'
import {S3Connection} from './s3-connection.ts'
import {Signer} from './sigv4.ts'
import {encodeKey} from './uri.ts'

/** See openPresigner. */
export async function presigner(remote: Remote): Promise<Presigner> {
	const at = await S3Connection.open(remote, {})
	const site = await at.site()
	if (site === undefined) throw fatal(`URLs of '${remote.bucket}' cannot be signed with Signature Version 4`)
	const signer = new Signer(site.credentials, site.region)
	const payer = Object.fromEntries(payerHeaders(remote))
	return {
		expires: site.expires,
		urlOf({method, key, expires}) {
			const {host} = site
			const path = `${site.path}/${encodeKey(key)}`
			const query = signer.presign({method, path, query: payer, host, expires}, Date.now())
			return `${site.origin}${path}?${query}`
		},
		close: () => at.close(),
	}
}
