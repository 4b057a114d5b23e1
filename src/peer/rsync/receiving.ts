// What the parts of the receiving role hand to each other.

import type {Place} from '../../repo/find.ts'
import type {Store} from '../../store/store.ts'
import type {Stored} from '../../sync/cargo.ts'
import type {Alternative} from './alternatives.ts'
import type {Catalogue, Found} from './catalogue.ts'
import type {Values} from './described.ts'
import type {Destination} from './destination.ts'
import type {Walk} from './filter.ts'
import type {FileList} from './flist.ts'
import type {Accounts} from './id-map.ts'
import type {Basis} from './patchwork.ts'
import type {Signatures} from './signatures.ts'

export type ReceiverOptions = {
	readonly store: Store
	readonly prefix: string
	readonly stored: Stored | undefined
	readonly catalogue: Catalogue
	readonly umask: number
	readonly self: {readonly uid: number; readonly gid: number}
	/** Users and groups of this machine. */
	readonly accounts: {readonly users: Accounts; readonly groups: Accounts}
	readonly scratch: Place
	/** Signatures of what is there, where they are kept. */
	readonly signatures?: Signatures | undefined
	readonly signal?: AbortSignal | undefined
}

/** What a client sent before it is asked for anything. */
export type Listed = {
	readonly files: FileList
	readonly users: ReadonlyMap<number, string>
	readonly groups: ReadonlyMap<number, string>
	readonly destination: Destination
	readonly walk: Walk
}

/** What is to be done for a file once its values or its content have come. */
export type Action = {
	readonly row: number
	readonly ndx: number
	readonly found: Found | undefined
	/** The content comes, or what there is instead of one is written anew; else attributes only. */
	readonly isNew: boolean
	/** The blocks of what is there, of which the client was told. */
	readonly basis?: Basis | undefined
	/** What there is of it elsewhere, and whether a copy of that is made. */
	readonly other?: Alternative | undefined
	readonly isCopy?: boolean | undefined
	/** Values of attributes that came before. */
	readonly values?: Values | undefined
}
