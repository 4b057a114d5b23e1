// Removing a file that may be gone. Node's rmSync loads all that it takes to remove a directory with it: 1.5 ms, in the first call.

import {unlinkSync} from 'node:fs'
import {errnoOf} from '../base/errors.ts'
import {forFs, type Path} from '../base/path.ts'

/** Removes a file, or a symlink; does nothing where there is none. Throws every other system error. */
export function removeFile(file: Path): void {
	try {
		unlinkSync(forFs(file))
	} catch (error) {
		if (errnoOf(error) !== 'ENOENT') throw error
	}
}
