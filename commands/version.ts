// s3r version: print the version.

import {EXIT} from '../src/base/errors.ts'
import {command} from '../src/cli/command.ts'
import {packageRoot, packageVersion} from '../src/cli/package.ts'
import {fromUnicode} from '../src/base/path.ts'

export default command({
	name: 'version',
	summary: 'print the version of s3r',
	synopsis: ['[-v]'],
	flags: {
		verbose: {type: 'boolean', short: 'v', help: 'print what it runs on, and where it is installed, too'},
	},
	arity: [0, 0],

	async run({io}, flags) {
		await io.record(`s3r ${packageVersion()}`)
		if (flags.verbose === true) {
			await io.record(`node ${process.versions.node}`)
			await io.record(`${process.platform} ${process.arch}`)
			await io.record(fromUnicode(packageRoot()))
		}
		return EXIT.ok
	},
})
