// Where s3r is installed, and what is installed with it.

import {existsSync, readFileSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {fatal} from '../base/errors.ts'
import {shown} from '../base/quote.ts'

/** The directory of man/ and package.json: above dist/ when bundled, above build/ in tests. Throws where it is not there. */
export function packageRoot(): string {
	const ours = dirname(fileURLToPath(import.meta.url))
	for (let directory = ours; ; directory = dirname(directory)) {
		if (existsSync(join(directory, 'man'))) return directory
		if (directory === dirname(directory)) break
	}
	throw fatal(`the directory 'man' of s3r is not there, above ${shown(ours)}`, 'install s3r again')
}

/** The version of the package. */
export function packageVersion(): string {
	const text = readFileSync(join(packageRoot(), 'package.json'), 'utf8')
	return (JSON.parse(text) as {version: string}).version
}

/** The file of a manual page of ours ('s3r-push'), in whichever section it is; undefined if there is none. */
export const manualPage = (page: string): string | undefined =>
	['1', '5', '7'].map((section) => join(packageRoot(), 'man', `${page}.${section}`)).find(existsSync)
