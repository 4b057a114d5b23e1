#!/usr/bin/env node
// The start of the published program: loads its chunks, from a pack with V8's code cache where there is one for this
// node (scripts/pack.mjs makes it), else as the files that they are. HACKING.md, "The bundle", says more.
'use strict'

const {openSync, readFileSync, readSync} = require('node:fs')
const {Script} = require('node:vm')

const CHUNKS = `${__dirname}/chunk`
const PACK = `${__dirname}/pack/${/^[\d.]+\d/.exec(process.versions.v8)?.[0]}-${process.arch}`
const loaded = new Map()
let opened
/** The chunks that the command will ask for, as far as that is known: functions of one script, which V8 takes in sooner than many. */
const together = (require.main === module && packedCommand(process.argv[2])) || {}

/** What a chunk exports; `name` is that of its file. */
function load(name) {
	const known = loaded.get(name)
	if (known !== undefined) return known.exports
	const evaluate = together[name] ?? compiled(name)
	if (evaluate === undefined) return require(`${CHUNKS}/${name}`)
	const module = {exports: {}}
	loaded.set(name, module)
	evaluate(module.exports, requireFrom, module, `${CHUNKS}/${name}`, CHUNKS)
	return module.exports
}

/** What a script of the pack makes; undefined if it has none of this name. */
function compiled(name) {
	const packed = read(name)
	return packed && scriptOf(name, packed)
}

/** What a script makes of its bytes: V8's cache, and the source behind it, which V8 compiles where it does not take the cache. */
function scriptOf(name, {bytes, cacheLength}) {
	// the cache lies at a multiple of eight, else V8 copies it
	return new Script(bytes.latin1Slice(cacheLength), {
		filename: `${CHUNKS}/${name}`,
		cachedData: bytes.subarray(0, cacheLength),
	}).runInThisContext()
}

const requireFrom = (name) => (name.startsWith('./') ? load(name.slice(2)) : require(name))

/** The chunks of a command that has a pack of its own; undefined if it has none, or that is damaged. */
function packedCommand(command) {
	if (!/^[a-z-]+$/.test(command)) return undefined
	try {
		const bytes = readFileSync(`${PACK}/${command}`)
		const end = bytes.length - 8
		const [cacheLength, sourceLength] = [bytes.readUInt32LE(end), bytes.readUInt32LE(end + 4)]
		if (cacheLength + sourceLength !== end) return undefined
		return scriptOf(command, {bytes: bytes.subarray(0, end), cacheLength})()
	} catch {
		return undefined
	}
}

/** A chunk of the pack. It holds the source of each beside what V8 made of it, so that the two agree. */
function read(name) {
	try {
		opened ??= openPack()
		if (!Object.hasOwn(opened.table, name)) return undefined
		const [at, length, cacheLength] = opened.table[name]
		return {bytes: bytesOf(opened.file, length, at), cacheLength}
	} catch {
		return undefined
	}
}

/** The pack of all chunks for this V8; an empty one where there is none, or it is damaged. */
function openPack() {
	try {
		const file = openSync(`${PACK}/chunks.pack`)
		const length = bytesOf(file, 4, 0).readUInt32LE()
		return {file, table: JSON.parse(bytesOf(file, length, 4).latin1Slice())}
	} catch {
		keepCompiled()
		return {table: {}}
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
	const cache = XDG_CACHE_HOME || (HOME && `${HOME}/.cache`)
	if (cache) require('node:module').enableCompileCache?.(`${cache}/s3r`)
}

if (require.main === module) load('main.js')
else module.exports = load
