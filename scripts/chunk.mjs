// One chunk of the bundle as it is published: CommonJS, whose requires run when what they bring is first used.
//
// Node's loader of ES modules costs 3 ms before the first line runs, which is a sixth of all that node needs, and it
// evaluates everything that a file imports, whether the command at hand calls it or not.

import {transform} from 'esbuild'

/** What esbuild writes for an import: a variable of its own. */
const REQUIRE = /\b(import_[\w$]+)=((?:__toESM\()?require\("[^"]+"\)(?:,1)?\)?)/g
/** What it writes for a chunk that is evaluated for its side effects only. */
const BARE = /(?<=[;}]|^)require\("\.\.?\/[^"]+"\);/gm

/** Where the chunk lies, asked for by what finds files beside it. */
const META = 'const s3rMeta={get url(){return require("node:url").pathToFileURL(__filename).href}};'

/**
 * @param {string} code an ES module that esbuild made
 * @param {{pure: boolean}} options whether all that it imports for side effects has none
 */
export async function chunkOf(code, {pure}) {
	const {code: plain} = await transform(code.replace(/^#!.*/, ''), {
		format: 'cjs',
		platform: 'node',
		target: 'node20',
		minifySyntax: true,
		minifyWhitespace: true,
		supported: {'dynamic-import': false},
		define: {'import.meta.url': 's3rMeta.url'},
		logOverride: {'empty-import-meta': 'silent'},
	})
	const names = new Set([...plain.matchAll(REQUIRE)].map(([, name]) => name))
	const lazy = plain
		.replace(REQUIRE, '$1_,$1=()=>$1_??=$2')
		.replace(/\bimport_[\w$]+(?![\w$=])/g, (name) => (names.has(name) ? `(${name}())` : name))
		.replace(BARE, (require) => (pure ? '' : require))
	return lazy.includes('s3rMeta') ? META + lazy : lazy
}
