// The one record that every lister prints and every --stdin reads, and the diff line made of it.
// See s3r-records(5).
//
//	<mode> SP <size> SP <mtime> SP <digest> TAB <path> LF
//	<status> SP <record>
//
// Unknown fields are '-'. With NUL as terminator the path is never quoted.

import {S3rError, EXIT} from '../base/errors.ts'
import type {Path} from '../base/path.ts'
import {quote, shown, unquote} from '../base/quote.ts'

/** `md5:<32 hex>` of the content, or `etag:<opaque>`. An ETag is never called an MD5. */
export type Digest = `md5:${string}` | `etag:${string}`

export type FileRecord = {
	readonly path: Path
	/** st_mode with its type bits. */
	readonly mode?: number | undefined
	/** Bytes. */
	readonly size?: number | undefined
	/** Nanoseconds since the epoch. */
	readonly mtime?: bigint | undefined
	readonly digest?: Digest | undefined
}

/** A new · M content · P metadata only · T type · R renamed or copied · D gone · C conflict · = same */
export type Status = 'A' | 'M' | 'P' | 'T' | 'R' | 'D' | 'C' | '='

export type DiffLine = {readonly status: Status; readonly record: FileRecord}

const BILLION = 1_000_000_000n

/** `seconds.nnnnnnnnn` of nanoseconds since the epoch, before it too. */
export function formatTime(ns: bigint): string {
	const digits = String(ns < 0n ? -ns : ns).padStart(10, '0')
	return `${ns < 0n ? '-' : ''}${digits.slice(0, -9)}.${digits.slice(-9)}`
}

/** The same of whole milliseconds since the epoch: without a BigInt, for the million lines of a listing. */
export function formatMilliseconds(ms: number): string {
	if (ms < 0) return formatTime(BigInt(ms) * 1_000_000n)
	return `${Math.floor(ms / 1000)}.${String(ms % 1000).padStart(3, '0')}000000`
}

/** Nanoseconds of `seconds[.fraction]`, or undefined if it is no such number. */
export function parseTime(text: string): bigint | undefined {
	const m = /^(-?)(\d{1,12})(?:\.(\d{1,9}))?$/.exec(text)
	if (!m) return undefined
	const ns = BigInt(m[2] ?? 0) * BILLION + BigInt((m[3] ?? '').padEnd(9, '0'))
	return m[1] === '-' ? -ns : ns
}

/** The few modes that most files have, as text. */
const modes: string[] = []

/** st_mode as six octal digits. */
export const formatMode = (mode: number): string => (modes[mode] ??= mode.toString(8).padStart(6, '0'))

/** One record without its terminator; with `nul`, the path is not quoted. `time` is what stands for an mtime that is unknown. */
export function formatRecord(r: FileRecord, nul: boolean, time = '-'): string {
	const mode = r.mode === undefined ? '-' : formatMode(r.mode)
	const mtime = r.mtime === undefined ? time : formatTime(r.mtime)
	return `${mode} ${r.size ?? '-'} ${mtime} ${r.digest ?? '-'}\t${nul ? r.path : quote(r.path)}`
}

/** One diff line without its terminator. */
export const formatDiff = (line: DiffLine, nul: boolean, time?: string): string =>
	`${line.status} ${formatRecord(line.record, nul, time)}`

const RECORD =
	/^(?:([AMPTRDC=]) )?(-|[0-7]{1,7}) (-|\d{1,15}) (-|-?[\d.]+) (-|md5:[0-9a-f]{32}|etag:[^\t ]+)\t(.+)$/s

/**
 * Reads a record or a diff line.
 *
 * Throws status 128 with the offending text if it is neither.
 */
export function parseLine(text: string, nul: boolean): {status?: Status; record: FileRecord} {
	const m = RECORD.exec(text)
	const path = nul ? m?.[6] : unquote(m?.[6] ?? '"')
	const mtime = m?.[4] === '-' ? undefined : parseTime(m?.[4] ?? '')
	if (!m || path === undefined || (mtime === undefined && m[4] !== '-'))
		throw new S3rError(`not a record: ${shown(text.slice(0, 200))}`, {
			status: EXIT.fatal,
			hint: 'a record is <mode> <size> <mtime> <digest> TAB <path>, see s3r-records(5)',
		})
	return {
		...(m[1] === undefined ? {} : {status: m[1] as Status}),
		record: {
			path,
			mode: m[2] === '-' ? undefined : parseInt(m[2] ?? '', 8),
			size: m[3] === '-' ? undefined : Number(m[3]),
			mtime,
			digest: m[5] === '-' ? undefined : (m[5] as Digest),
		},
	}
}
