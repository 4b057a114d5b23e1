// A place for work that belongs to no local side: as empty as a new one, and gone afterwards.

import {mkdirSync, mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {fromUnicode} from '../base/path.ts'
import {join, type Place} from '../repo/find.ts'

/** Runs `work` with a place below $TMPDIR, whose root is that of the file system. */
export async function withScratch<T>(work: (place: Place) => Promise<T>): Promise<T> {
	const directory = mkdtempSync(`${tmpdir()}/s3r-`)
	try {
		const place = {root: '/', dir: fromUnicode(directory)}
		mkdirSync(join(place.dir, 'uploads'))
		return await work(place)
	} finally {
		rmSync(directory, {recursive: true, force: true})
	}
}
