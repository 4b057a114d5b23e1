#!/usr/bin/env node
// What code runs for each file of a short push and pull, where little of it is compiled yet: how often V8 enters each function,
// and how many characters of source it goes through. It counts, so that two runs of one build say nearly the same, on any machine.
//
//     npm run build && node bench/code.mjs [FILES]     1500 of 4 KiB by default, below what threads are started for; on s3sink

import {spawnSync} from 'node:child_process'
import {readdirSync, readFileSync} from 'node:fs'
import {basename, join, resolve} from 'node:path'
import {BUCKET, Sink} from './stores.mjs'
import {fixedSizes, Tree} from './trees.mjs'
import {Work} from './work.mjs'

const PROGRAM = resolve('dist/s3r.js')
/** Functions that are printed. */
const MOST = 40

async function main(files) {
	const work = new Work()
	try {
		const {endpoint, account} = await Sink.start(work, work.compile('s3sink.c'))
		const env = {
			...work.environment(work.dir),
			AWS_ACCESS_KEY_ID: account.accessKey,
			AWS_SECRET_ACCESS_KEY: account.secretKey,
			AWS_REGION: 'us-east-1',
			AWS_ENDPOINT_URL: endpoint,
		}
		const {data} = new Tree(work.newDir('tree'), fixedSizes(files))
		const other = work.newDir('clone')
		run(['init', '--create-bucket', BUCKET], {cwd: data, env})
		for (const [title, words, cwd] of [
			['push', ['push', '-a'], data],
			['clone', ['clone', '-a', BUCKET, other], work.dir],
		]) {
			const coverage = work.newDir('coverage')
			run(words, {cwd, env: {...env, NODE_V8_COVERAGE: coverage}})
			print(title, functionsIn(coverage), files)
		}
	} finally {
		await work.close()
	}
}

function run(words, options) {
	const {status, stderr} = spawnSync(process.execPath, [PROGRAM, ...words], {...options, encoding: 'utf8'})
	if (status !== 0) throw new Error(`s3r ${words.join(' ')}: ${stderr}`)
}

/** The functions that ran: how often each was entered, and the characters of it that ran, those of functions within left out. */
function functionsIn(coverage) {
	return readdirSync(coverage).flatMap((file) =>
		JSON.parse(readFileSync(join(coverage, file), 'utf8')).result.flatMap(({url, functions}) =>
			charactersOf(functions).map((one) => ({...one, file: basename(url)})),
		),
	)
}

function charactersOf(functions) {
	const blocks = functions
		.flatMap(({functionName, ranges}) =>
			ranges.map(({startOffset: start, endOffset: end, count}, i) => ({
				name: i === 0 ? functionName || '(anonymous)' : undefined,
				start,
				end,
				count,
				own: end - start,
			})),
		)
		.toSorted((a, b) => a.start - b.start || b.end - a.end)
	const around = []
	const found = []
	for (const block of blocks) {
		while (around.length > 0 && around.at(-1).end <= block.start) around.pop()
		const outer = around.at(-1)
		if (outer) outer.own -= block.end - block.start
		block.function = block.name === undefined && outer ? outer.function : block
		if (block.function === block) found.push(block)
		around.push(block)
	}
	for (const block of found) block.characters = 0
	for (const block of blocks) block.function.characters += block.own * block.count
	return found
}

function print(title, functions, files) {
	const sum = (of) => functions.reduce((all, one) => all + of(one), 0) / files
	console.log(`\n### ${title}, each of ${files} files\n`)
	console.log(`${Math.round(sum(({count}) => count))} calls, ${Math.round(sum((f) => f.characters))} characters\n`)
	console.log('| characters | calls | function | file |\n|---|---|---|---|')
	for (const {characters, count, name, file} of functions
		.toSorted((a, b) => b.characters - a.characters)
		.slice(0, MOST))
		console.log(`| ${Math.round(characters / files)} | ${(count / files).toFixed(2)} | ${name} | ${file} |`)
}

await main(Number(process.argv[2] ?? 1500))
