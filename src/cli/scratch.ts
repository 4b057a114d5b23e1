// A place for work that belongs to no local side: as empty as a new one, and gone afterwards.

import {mkdirSync, mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {fromUnicode} from '../base/path.ts'
import {join, type Place} from '../repo/find.ts'

/** A place below $TMPDIR, whose root is that of the file system, until it is removed. */
export function makeScratch(): {readonly place: Place; readonly remove: () => void} {
	const directory = mkdtempSync(`${tmpdir()}/s3r-`)
	const place = {root: '/', dir: fromUnicode(directory)}
	const remove = () => rmSync(directory, {recursive: true, force: true})
	try {
		mkdirSync(join(place.dir, 'uploads'))
	} catch (error) {
		remove()
		throw error
	}
	return {place, remove}
}

/** Runs `work` with such a place. */
export async function withScratch<T>(work: (place: Place) => Promise<T>): Promise<T> {
	const {place, remove} = makeScratch()
	try {
		return await work(place)
	} finally {
		remove()
	}
}
