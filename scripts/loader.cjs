#!/usr/bin/env node
// The start of the published program: loads its chunks, from a pack with V8's code cache where there is one for this
// node (scripts/pack.mjs makes it), else as the files that they are. HACKING.md, "The bundle", says more.
'use strict'

const {openSync, readSync} = require('node:fs')
const path = require('node:path')
const {Script} = require('node:vm')

const CHUNKS = path.join(__dirname, 'chunk')
const loaded = new Map()
const pack = openPack()
if (pack === undefined) keepCompiled()
/** The chunks that the command will ask for, as far as that is known: functions of one script, which V8 takes in sooner than many. */
const together = (pack && require.main === module && compiled(`s3r ${process.argv[2]}`)?.()) || {}

/** What a chunk exports; `name` is that of its file. */
function load(name) {
	const known = loaded.get(name)
	if (known !== undefined) return known.exports
	const evaluate = together[name] ?? compiled(name)
	if (evaluate === undefined) return require(path.join(CHUNKS, name))
	const module = {exports: {}}
	loaded.set(name, module)
	evaluate(module.exports, requireFrom, module, path.join(CHUNKS, name), CHUNKS)
	return module.exports
}

/** What a script of the pack makes; undefined if it has none of this name. */
function compiled(name) {
	const packed = pack && read(name)
	if (packed === undefined) return undefined
	// V8 compiles the source where it does not take the cache: of another version, or with other flags
	return new Script(packed.source, {
		filename: path.join(CHUNKS, name),
		cachedData: packed.cache,
	}).runInThisContext()
}

const requireFrom = (name) => (name.startsWith('./') ? load(name.slice(2)) : require(name))

/** The pack for this V8. It holds the source of each chunk beside what V8 made of it, so that the two agree. */
function openPack() {
	try {
		const file = openSync(
			path.join(__dirname, 'pack', `${/^[\d.]+\d/.exec(process.versions.v8)?.[0]}-${process.arch}`),
		)
		const length = bytesOf(file, 4, 0).readUInt32LE()
		return {file, table: JSON.parse(bytesOf(file, length, 4).latin1Slice())}
	} catch {
		return undefined
	}
}

function read(name) {
	if (!Object.hasOwn(pack.table, name)) return undefined
	const [at, sourceLength, cacheLength] = pack.table[name]
	try {
		const bytes = bytesOf(pack.file, sourceLength + cacheLength, at)
		return {source: bytes.latin1Slice(0, sourceLength), cache: bytes.subarray(sourceLength)}
	} catch {
		return undefined
	}
}

function bytesOf(file, length, at) {
	const bytes = Buffer.allocUnsafeSlow(length)
	for (let got = 0; got < length;) {
		const count = readSync(file, bytes, got, length - got, at + got)
		if (count === 0) throw new Error('the pack ends early')
		got += count
	}
	return bytes
}

/** A newer node keeps what it compiles, in a directory of the user's own. */
function keepCompiled() {
	const {XDG_CACHE_HOME, HOME} = process.env
	const cache = XDG_CACHE_HOME || (HOME && path.join(HOME, '.cache'))
	if (cache) require('node:module').enableCompileCache?.(path.join(cache, 's3r'))
}

if (require.main === module) load('main.js')
else module.exports = load
