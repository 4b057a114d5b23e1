// What a command with --stdin reads: records, lines of a plan, or nothing but paths.

import type {Path} from '../base/path.ts'
import {ROOT} from '../base/path.ts'
import {shown, unquote} from '../base/quote.ts'
import {type FileRecord, parseLine, type Status} from '../format/record.ts'
import {fatal, S3rError} from '../base/errors.ts'
import type {Io} from './io.ts'

/** A line: a path below the root, and what it says of it. */
export type Asked = {
	readonly path: Path
	readonly status?: Status | undefined
	/** Absent where the line is only a path. */
	readonly record?: FileRecord | undefined
}

/** The lines on stdin, as they come; empty ones are passed over. Throws status 128 for one that is none. */
export async function* askedLines(io: Io, nul: boolean): AsyncIterable<Asked> {
	for await (const line of io.stdinRecords(nul)) if (line !== '') yield parseAsked(line, nul)
}

/**
 * Reads a record, a diff line, or a path, which may be quoted where lines end in LF, and may begin with './'
 * as those of find(1) do. Only with NUL can a path hold a TAB that is not quoted.
 */
export function parseAsked(line: string, nul: boolean): Asked {
	if (line.includes('\t')) {
		try {
			const {status, record} = parseLine(line, nul)
			return {path: record.path, status, record}
		} catch (error) {
			if (!nul || !(error instanceof S3rError)) throw error
		}
	}
	const path = nul ? line : unquote(line)
	if (path === undefined) throw fatal(`not a path: ${shown(line)}`)
	return {path: plain(path)}
}

/** The path without a './' before it. */
function plain(path: Path): Path {
	const bare = path.replace(/^(?:\.\/+)+/, '')
	return bare === '' || bare === '.' ? ROOT : bare
}
