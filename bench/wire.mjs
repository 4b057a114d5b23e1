#!/usr/bin/env node
// What a request costs in the client: user and system time of this process for each PUT and GET of 4 KiB, each HEAD and
// each page of 1,000 keys, by the data plane and by the AWS SDK, in turns, as medians.
//
//     npm run build && node bench/wire.mjs [ROUNDS]      9 by default; the store is s3sink, with 100,000 keys

import {
	GetObjectCommand,
	HeadObjectCommand,
	ListObjectsV2Command,
	PutObjectCommand,
	S3Client,
} from '@aws-sdk/client-s3'
import {createHash} from 'node:crypto'
import {openStore} from '../build/src/store/open.js'
import {readPage} from '../build/src/store/list-page.js'
import {BUCKET, Sink} from './stores.mjs'
import {Work} from './work.mjs'

const KEYS = 100_000
/** Requests of one kind in a round, and how many of them are under way. */
const COUNT = 2000
const WIDTH = 16
const BODY = Buffer.alloc(4096, 'x')
const MD5 = createHash('md5').update(BODY).digest()

/** What each of the two does for a request. */
function planeOf(store) {
	return {
		put: (i) => store.put(`w/${i}`, BODY, {md5: MD5}),
		get: async (i) => {
			for await (const _ of (await store.get(`w/${i}`)).body) continue
		},
		head: (i) => store.head(`w/${i}`),
		async list() {
			let pages = 0
			for await (const _ of store.list('d')) pages++
			return pages
		},
	}
}

function sdkOf(client) {
	const at = (i) => ({Bucket: BUCKET, Key: `w/${i}`})
	return {
		put: (i) => client.send(new PutObjectCommand({...at(i), Body: BODY, ContentMD5: MD5.toString('base64')})),
		get: async (i) => (await client.send(new GetObjectCommand(at(i)))).Body.transformToByteArray(),
		head: (i) => client.send(new HeadObjectCommand(at(i))),
		async list() {
			let pages = 0
			for (let token; pages === 0 || token !== undefined; pages++)
				token = (
					await client.send(new ListObjectsV2Command({Bucket: BUCKET, Prefix: 'd', ContinuationToken: token}))
				).NextContinuationToken
			return pages
		},
	}
}

/** CPU time of this process meanwhile, in microseconds for each of `count()`. */
async function cost(work) {
	const before = process.cpuUsage()
	const count = await work()
	const {user, system} = process.cpuUsage(before)
	return (user + system) / count
}

/** Does a request COUNT times, WIDTH at a time. */
async function many(request) {
	let next = 0
	const lane = async () => {
		while (next < COUNT) await request(next++)
	}
	await Promise.all(Array.from({length: WIDTH}, lane))
	return COUNT
}

const VERBS = {
	'PUT of 4 KiB': (client) => many(client.put),
	'GET of 4 KiB': (client) => many(client.get),
	HEAD: (client) => many(client.head),
	'page of 1,000 keys': (client) => client.list(),
}

async function main(rounds) {
	const work = new Work()
	try {
		const sink = await Sink.start(work, work.compile('s3sink.c'), {keys: KEYS})
		for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name]
		const {accessKey, secretKey} = sink.account
		Object.assign(process.env, {
			AWS_ACCESS_KEY_ID: accessKey,
			AWS_SECRET_ACCESS_KEY: secretKey,
			AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
		})
		const store = await openStore({bucket: BUCKET, prefix: '', endpoint: sink.endpoint, region: 'us-east-1'})
		const client = new S3Client({
			endpoint: sink.endpoint,
			region: 'us-east-1',
			forcePathStyle: true,
			requestChecksumCalculation: 'WHEN_REQUIRED',
			responseChecksumValidation: 'WHEN_REQUIRED',
		})
		const clients = {s3r: planeOf(store), SDK: sdkOf(client)}
		const times = {}
		for (let round = 0; round <= rounds; round++)
			for (const [verb, run] of Object.entries(VERBS))
				for (const [name, one] of Object.entries(clients)) {
					const time = await cost(() => run(one))
					// the first round is for the compiler
					if (round > 0) ((times[verb] ??= {})[name] ??= []).push(time)
				}
		print(times)
		console.log(`\nThe bytes of a page to objects alone, without a request: ${await parsing(sink)} us.`)
		store.close()
		client.destroy()
	} finally {
		await work.close()
	}
}

async function parsing(sink) {
	const reply = await fetch(`${sink.endpoint}/${BUCKET}?list-type=2&encoding-type=url&prefix=d`)
	const body = Buffer.from(await reply.arrayBuffer())
	const pages = async () => {
		for (let i = 0; i < 500; i++) readPage(body)
		return 500
	}
	const found = []
	for (let i = 0; i < 9; i++) found.push(await cost(pages))
	return median(found).toFixed(0)
}

const median = (times) => times.toSorted((a, b) => a - b)[times.length >> 1]

function print(times) {
	console.log('| | s3r, us (median) | least | SDK, us | times |\n|---|---|---|---|---|')
	for (const [verb, {s3r, SDK}] of Object.entries(times)) {
		const cells = [
			median(s3r).toFixed(0),
			Math.min(...s3r).toFixed(0),
			median(SDK).toFixed(0),
			(median(SDK) / median(s3r)).toFixed(1),
		]
		console.log(`| ${verb} | ${cells.join(' | ')} |`)
	}
}

await main(Number(process.argv[2] ?? 9))
