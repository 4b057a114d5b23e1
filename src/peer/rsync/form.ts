// Which fields the entries of a session's list have.

import type {FlistForm} from './flist-wire.ts'
import type {Line} from './line.ts'

export function formOf({protocol, agreed, options}: Line, sumLength = 16): FlistForm {
	const {owner, group, devices, specials, links, hardLinks, acls, xattrs, atimes, checksum, relative} =
		options
	return {
		protocol,
		varintFlags: agreed.varintFlags,
		owner,
		group,
		devices,
		specials,
		links,
		hardLinks,
		acls,
		xattrs,
		atimes,
		sumLength: checksum ? sumLength : 0,
		relative,
	}
}
