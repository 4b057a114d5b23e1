// All of some bytes into an open file: the system may take fewer at once.

import {writeSync} from 'node:fs'

/** Writes bytes at `position` of an open file; without, behind what was written last. */
export function writeFully(fd: number, bytes: Buffer, position?: number): void {
	for (let at = 0; at < bytes.length;)
		at += writeSync(fd, bytes, at, bytes.length - at, position === undefined ? null : position + at)
}
