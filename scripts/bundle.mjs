// Bundles the program into dist/: chunks, each loaded when it is called for, s3r.js, which loads them, and what V8 makes
// of them. HACKING.md, "The bundle", says why.

import {execFileSync} from 'node:child_process'
import {chmodSync, copyFileSync, mkdirSync, rmSync, writeFileSync} from 'node:fs'
import {relative} from 'node:path'
import {build} from 'esbuild'
import {chunkOf, commonJsOf} from './chunk.mjs'

rmSync('dist', {recursive: true, force: true})
const {outputFiles, metafile} = await build({
	entryPoints: {
		main: 'commands/s3r.ts',
		crew: 'src/sync/crew-worker.ts',
		hash: 'src/sync/hash-worker.ts',
		md5: 'src/sync/md5-worker.ts',
		sums: 'src/sync/sums-worker.ts',
		stat: 'src/local/stat-worker.ts',
	},
	outdir: 'dist/chunk',
	chunkNames: '[name]-[hash]',
	bundle: true,
	splitting: true,
	format: 'esm',
	platform: 'node',
	target: 'node20',
	mainFields: ['module', 'main'],
	// A native module, and optional.
	external: ['koffi'],
	// Names stay, so that a stack trace says where.
	minifySyntax: true,
	minifyWhitespace: true,
	legalComments: 'none',
	logLevel: 'warning',
	metafile: true,
	write: false,
})

/** Whether a chunk holds nothing but our own files, which do nothing when they are evaluated. */
const isOurs = (file) =>
	Object.keys(metafile.outputs[file].inputs).every((input) => !input.includes('node_modules'))

mkdirSync('dist/chunk', {recursive: true})
const chunks = await Promise.all(
	outputFiles.map(async ({path, text}) => ({file: relative('.', path), ...(await commonJsOf(text))})),
)
const live = new Set(chunks.flatMap((chunk) => chunk.live))
for (const {file, code} of chunks) {
	const imports = metafile.outputs[file].imports.filter(
		({external, kind}) => !external && kind === 'import-statement',
	)
	writeFileSync(file, chunkOf(code, {pure: imports.every((i) => isOurs(i.path)), live}))
}
// A thread lies beside the chunk that starts it.
for (const thread of ['crew', 'hash', 'md5', 'sums', 'stat'])
	writeFileSync(`dist/chunk/${thread}-worker.js`, `require('../s3r.js')('${thread}.js')\n`)
writeFileSync('dist/package.json', '{"type": "commonjs"}\n')
copyFileSync('scripts/loader.cjs', 'dist/s3r.js')
chmodSync('dist/s3r.js', 0o755)
execFileSync(process.execPath, ['scripts/pack.mjs'], {stdio: 'inherit'})
