// What the store remembers. Every string is a byte string (one char a byte), as it came and as it goes.

import type {Permission} from '../format/acl.ts'
import type {Algorithm} from './checksum.ts'

/** `to` is an account's canonical id or a group's URI. */
export type Grant = {readonly permission: Permission; readonly to: string}

/** Without `grants`, the owner alone has FULL_CONTROL. */
export type Acl = {readonly owner: string; readonly grants?: readonly Grant[] | undefined}

export const OWNERSHIPS = ['ObjectWriter', 'BucketOwnerPreferred', 'BucketOwnerEnforced'] as const
export type Ownership = (typeof OWNERSHIPS)[number]

export const BLOCKS = [
	'BlockPublicAcls',
	'IgnorePublicAcls',
	'BlockPublicPolicy',
	'RestrictPublicBuckets',
] as const
export type PublicAccessBlock = Readonly<Record<(typeof BLOCKS)[number], boolean>>

/** A bucket's own properties. */
export type BucketInfo = {
	/** Milliseconds since the epoch, as every time here. */
	readonly created: number
	readonly acl: Acl
	readonly location?: string | undefined
	/** Made for Object Lock: its versions can be locked. */
	readonly objectLock?: true | undefined
	readonly versioning?: 'Enabled' | 'Suspended' | undefined
	readonly ownership?: Ownership | undefined
	readonly publicAccessBlock?: PublicAccessBlock | undefined
	/** Configurations kept as they came, by the name of their subresource. */
	readonly documents?: Readonly<Record<string, string>> | undefined
}

export type Tag = {readonly Key: string; readonly Value: string}

/** What a writer says about an object, beside its content. */
export type Attributes = {
	/** What GET and HEAD repeat: content-type, x-amz-meta-*, x-amz-storage-class and the like. */
	readonly headers: Readonly<Record<string, string>>
	readonly acl: Acl
	readonly tags?: readonly Tag[] | undefined
	/** The MD5 of the customer's key (SSE-C), in base64. */
	readonly customerKey?: string | undefined
}

export type ChecksumType = 'FULL_OBJECT' | 'COMPOSITE'
export type Checksum = {readonly algorithm: Algorithm; readonly type: ChecksumType; readonly value: string}

/** A file with a part of an object's bytes; no file when there are none. */
export type Piece = {readonly file: string; readonly size: number}

export type Part = Piece & {
	readonly number: number
	/** Hexadecimal MD5, without quotes. */
	readonly etag: string
	readonly modified: number
	readonly checksum?: string | undefined
}

/** One version of an object. */
export type Version = Attributes & {
	readonly key: string
	/** 'null' in a bucket without versioning. */
	readonly id: string
	readonly modified: number
	readonly etag: string
	readonly size: number
	readonly pieces: readonly (Piece & {readonly checksum?: string | undefined})[]
	readonly checksum?: Checksum | undefined
	/** Made by CompleteMultipartUpload: its pieces are its parts. */
	readonly multipart?: true | undefined
	/** Of what is archived: when its copy can be read, and until when. */
	readonly restore?: {readonly ready: number; readonly expires: number} | undefined
	/** A delete marker. */
	readonly marker?: true | undefined
}

/** A multipart upload in progress. */
export type Upload = Attributes & {
	readonly id: string
	readonly key: string
	readonly started: number
	readonly initiator: string
	readonly checksum?: {readonly algorithm: Algorithm; readonly type: ChecksumType} | undefined
}

/** What a line of the log is made of. */
export type Change =
	| {readonly bucket: BucketInfo}
	/** A new version, the newest of its key; it takes the place of one with the same id. */
	| {readonly put: Version}
	/** New attributes of a version that is there. */
	| {readonly amend: Version}
	| {readonly remove: readonly [key: string, id: string]}
	| {readonly upload: Upload}
	| {readonly part: readonly [upload: string, part: Part]}
	| {readonly end: string}
