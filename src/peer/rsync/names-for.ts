// Names of the owners that objects get: those that the client sent, those that the objects have, and our own.

import type {Owners} from '../../sync/attributes.ts'
import type {Listed, ReceiverOptions} from './receiving.ts'
import type {ServerOptions} from './server-options.ts'
import {OwnerNames} from './owner-names.ts'

export function namesFor(
	{users, groups}: Pick<Listed, 'users' | 'groups'>,
	options: ServerOptions,
	{accounts, catalogue}: Pick<ReceiverOptions, 'accounts' | 'catalogue'>,
): Owners {
	const sent = OwnerNames.ofWire(users, groups)
	const own = (has: boolean) => !options.numericIds && !has
	return {
		userName: (uid) =>
			sent.userName(uid) ??
			(options.usermap !== undefined || own(options.owner) ? accounts.users.nameOf(uid) : undefined) ??
			(options.owner ? undefined : catalogue.names.userName(uid)),
		groupName: (gid) =>
			sent.groupName(gid) ??
			(options.groupmap !== undefined || own(options.group) ? accounts.groups.nameOf(gid) : undefined) ??
			(options.group ? undefined : catalogue.names.groupName(gid)),
	}
}
