// One chunk of the bundle as it is published: CommonJS, whose requires run when what they bring is first used.
//
// Node's loader of ES modules costs 3 ms before the first line runs, which is a sixth of all that node needs, and it
// evaluates everything that a file imports, whether the command at hand calls it or not.

import {transform} from 'esbuild'

/** What esbuild writes for an import: a variable of its own. */
const REQUIRE = /\b(import_[\w$]+)=((?:__toESM\()?require\("[^"]+"\)(?:,1)?\)?)/g
/** Where it is used, most often for one of its exports. */
const USE = /\bimport_([\w$]+)(?:\.([\w$]+))?(?![\w$=])/g
/** What it writes for a chunk that is evaluated for its side effects only. */
const BARE = /(?<=[;}]|^)require\("\.\.?\/[^"]+"\);/gm

/** What it writes for an import of one of our chunks that comes later: a function that is made, whether it is called or not. */
const LATER = /Promise\.resolve\(\)\.then\(\(\)=>__toESM\(require\(("\.\/[^"]+")\)\)\)/g

/** What it writes for the exports: a getter for each, and another for that, in objects that V8 keeps as slow dictionaries. */
const EXPORTS = /var (\w+)=\{\};(?:__export\(\1,\{([^{}]*)\}\);)?module\.exports=__toCommonJS\(\1\);/
const EXPORTED = /(?:([\w$]+)|"(\w+)"):\(\)=>([^,]+)/g
/** What it says of them to tools that read sources. */
const ANNOTATION = /\n?0&&\(module\.exports=\{[^{}]*\}\);\n?$/

/** Where the chunk lies, asked for by what finds files beside it. */
const META = 'const s3rMeta={get url(){return require("node:url").pathToFileURL(__filename).href}};'

/**
 * @param {string} code an ES module that esbuild made
 * @returns CommonJS, and the names of its exports whose values may be others later
 */
export async function commonJsOf(code) {
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
	return withPlainExports(plain.replace(LATER, 'Promise.resolve($1).then(require)'))
}

/**
 * The chunk as it is published. What it imports is kept beside each name that it uses of it: to ask by a function each time
 * was a quarter of all calls of a push.
 *
 * @param {string} code what commonJsOf made
 * @param {{pure: boolean, live: ReadonlySet<string>}} options whether all that it imports for side effects has none, and the
 * exports of all chunks that may change
 */
export function chunkOf(code, {pure, live}) {
	const names = new Set([...code.matchAll(REQUIRE)].map(([, name]) => name))
	const kept = new Set()
	const lazy = code
		.replace(REQUIRE, '$1_,$1=()=>$1_??=$2')
		.replace(USE, (use, from, name) => {
			if (!names.has(`import_${from}`)) return use
			if (name === undefined) return `(import_${from}())`
			if (live.has(name)) return `(import_${from}()).${name}`
			kept.add(`${from}_${name}`)
			return `(${from}_${name}??=import_${from}().${name})`
		})
		.replace(BARE, (require) => (pure ? '' : require))
	const variables = kept.size === 0 ? '' : `var ${[...kept].join()};`
	return `${lazy.includes('s3rMeta') ? META : ''}${variables}${lazy}`
}

/**
 * The chunk with its exports as properties, which it gets when all of it was evaluated: a call of another chunk's function is
 * inlined then. 1,000,000 files looked at cost 0.5 s less for it. What is another chunk's, or assigned to later, keeps its getter.
 */
async function withPlainExports(code) {
	const [whole, , list = ''] = EXPORTS.exec(code) ?? []
	if (whole === undefined && code.includes('__toCommonJS'))
		throw new Error('esbuild writes exports otherwise')
	if (whole === undefined) return {code, live: []}
	const rest = code.replace(whole, '').replace(ANNOTATION, '')
	const live = []
	const exported = [...list.matchAll(EXPORTED)].map(([, name, quoted, value]) => {
		const key = name ?? quoted
		if (isFixed(rest, value)) return `exports.${key}=${value}`
		live.push(key)
		return `Object.defineProperty(exports,"${key}",{get:()=>${value},enumerable:!0})`
	})
	if (exported.length !== list.split('()=>').length - 1) throw new Error(`not understood: ${list}`)
	// without the helpers that nothing needs any more
	const {code: clean} = await transform([rest, 'exports.__esModule=!0', ...exported].join(';'), {
		platform: 'node',
		target: 'node20',
		minifySyntax: true,
		minifyWhitespace: true,
		treeShaking: true,
	})
	return {code: clean, live}
}

/** Whether an exported value is a variable of the chunk that gets its value where it is declared. */
function isFixed(code, value) {
	if (!/^[\w$]+$/.test(value)) return false
	const name = value.replaceAll('$', '\\$')
	const write = new RegExp(
		`(?<![\\w$.])${name}(?:=(?![=>])|\\+\\+|--|[-+*/%&|^?<>]+=(?!=))|(?:\\+\\+|--)${name}(?![\\w$])`,
		'g',
	)
	return (code.match(write)?.length ?? 0) < 2
}
