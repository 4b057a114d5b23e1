// What rsync clients send, and what they do not: sessions, arguments, greetings, tokens, signatures and deltas.

import {ok} from 'node:assert/strict'
import {createHash} from 'node:crypto'
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {signatureOf} from '../../src/algo/signature.ts'
import {decodeDelta} from '../../src/format/delta.ts'
import {decodeSignature} from '../../src/format/signature.ts'
import {RERR, RsyncError} from '../../src/peer/rsync/errors.ts'
import {greet} from '../../src/peer/rsync/greeting.ts'
import {GreetingInput} from '../../src/peer/rsync/greeting-input.ts'
import {Memory} from '../../src/peer/rsync/memory.ts'
import {parseServerArgs} from '../../src/peer/rsync/options.ts'
import {serve} from '../../src/peer/rsync/session.ts'
import {Signatures} from '../../src/peer/rsync/signatures.ts'
import {TokenReader} from '../../src/peer/rsync/token.ts'
import {splitWords, wireWords} from '../../src/peer/rsync/words.ts'
import {createPlace} from '../../src/repo/find.ts'
import {MemoryStore} from '../../src/store/memory.ts'
import type {Target} from './targets.ts'

/** A stream that comes in pieces, and ends. */
async function* streamOf(input: Buffer, piece = 61): AsyncGenerator<Buffer> {
	for (let at = 0; at < input.length; at += piece) yield input.subarray(at, at + piece)
}

/** Errors of rsync's own codes are meant for the client. */
async function meant(work: () => unknown): Promise<void> {
	try {
		await work()
	} catch (error) {
		if (!(error instanceof RsyncError)) throw error
		ok(Object.values(RERR).some((code) => code === error.code))
		ok(!error.message.includes('\n'))
	}
}

/** What rsync 3.2.7 sent for a tree of six files, behind the arguments that it gave. */
const SESSIONS = [
	[
		'--server -lHogDtpAXre.iLsfxCIvu --delete . in/',
		'IAAAAB54eGgxMjggeHhoMyB4eGg2NCBtZDUgbWQ0IHNoYTGUAAAHBAAAAC1yIHgAAAAAAQEuAAAQZQDxU+1BAAAAAAAAAAAAAJKYAWgABgCkgQAAAQABBzJ1c2VyLmEAF6KKKiDFsRySRhK3rFDNv4KaAWYBAQKAmAFsAAEA/6EAAAFmAYCYAWQAABDtQQAAAQEBgLgBAi9iAAIApIEAAAAQAQUSAQAABQVnYW1lcwAEcm9vdAAEcm9vdKMAAAcBAGABAKEBMnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2dnZ2AAAAAAAAAAAAAAAAAAAAAAAGAAAAaGVsbG8KAAAAALGUaskkktI0fGI1tNJhEYQBAHEBZgABAmABAGABAKAAAAAAAAAAAAAAAAAAAAAAAgAAAGIKAAAAADtdXDcSlVBCISMWFzzPN74AAQAABwABAAAHAAEAAAcA',
	],
	[
		'--server -ltprze.iLsfxCIvu . in/',
		'IAAAAB54eGgxMjggeHhoMyB4eGg2NCBtZDUgbWQ0IHNoYTETenN0ZCBsejQgemxpYnggemxpYi8AAAcZAS4AABBlAPFT7UEAAICYAWgABgCkgQAAgJoBZgAGAICYAWwAAQD/oQAAAWYAAGMAAAcBAGABAKAAAAAAAAAAAAAAAAAAAAAAQAjKSM3JyecCAACxlGrJJJLSNHxiNbTSYRGEAQCgAAAAAAAAAAAAAAAAAAAAAEAIykjNycnnAgAAsZRqySSS0jR8YjW00mERhAECYAABAAAHAAEAAAcAAQAABwA=',
	],
	[
		'--server -lHogDtpr . in/',
		'HQAAAAEBLgAQAAAA8VNl7UEAAAAAAAAAAAAAnAIBaAYAAACkgQAAAf4AADNnIQCeBgFmBgAAADNnIQCYAWwBAAAA/6EAAAEAAABmmAFkABAAAO1BAAC4AQIvYgIAAACkgQAAAAAAAAAAAAAAAAAAAAAAAAAAYAEAAAAAoAAAAAAAAAAAAAAAAAAAAAAGAAAAaGVsbG8KAAAAAIKVNKu5wy4vCu3YEzeqH7YCAAAAAHABZgMAAAACYAQAAAAAYAUAAAAAoAAAAAAAAAAAAAAAAAAAAAACAAAAYgoAAAAABfLgljU+H+Rr6sW/C5Sfy////////////////w==',
	],
	[
		'--server --sender -lHogDtpAXre.iLsfxCIvu . in/',
		'IAAAAB54eGgxMjggeHhoMyB4eGg2NCBtZDUgbWQ0IHNoYTELAAAHAwAAAC0geAAAAAADAAAHAQgANQAABwEIgQEAAQAAALwCAAACAAAABgAAACcCVwizWAICYAEAYAEAoAAAAAAAAAAAAAAAAAAAAAAADAAAB/6AAgAAAHABZgAAAAEAAAcA',
	],
] as const

const CONTENT = Buffer.from('hellx\n')
const OBJECTS = ['in/f', 'in/d/b', 'in/x', 'inner', 'outside/f'] as const

let scratch: ReturnType<typeof createPlace> | undefined
function scratchPlace() {
	if (scratch) return scratch
	const root = mkdtempSync(join(tmpdir(), 's3r-fuzz-rsync-'))
	process.once('exit', () => rmSync(root, {recursive: true, force: true}))
	return (scratch = createPlace(root))
}

/** Nobody. */
const NAMES = {idOf: () => undefined, nameOf: () => undefined}

/** The first line is the arguments, the rest is what the client sends. */
async function session(input: Buffer): Promise<void> {
	const end = input.indexOf(0x0a)
	const store = new MemoryStore()
	const place = scratchPlace()
	const signatures = new Signatures(`${place.dir}/signatures`, 2 ** 16, 1)
	const signing = signatures.begin(CONTENT.length)
	signing?.push(CONTENT)
	signing?.keep(createHash('md5').update(CONTENT).digest())
	for (const key of OBJECTS) await store.put(`remote/${key}`, CONTENT, {})
	await store.put('outside', Buffer.from('x'), {})
	const words = splitWords([input.toString('latin1', 0, Math.max(0, end))])
	const status = await serve(
		{input: streamOf(input.subarray(end + 1)), write: async () => {}},
		{
			words,
			umask: 0o022,
			self: {uid: 0, gid: 0},
			say: (text) => ok(!/TypeError|RangeError/.test(text), text),
			open: async () => ({
				store,
				prefix: 'remote/',
				memory: Memory.open(undefined),
				stored: undefined,
				accounts: {users: NAMES, groups: NAMES},
				scratch: place,
				signatures,
				close: () => {},
			}),
		},
	)
	ok(Number.isInteger(status) && status >= 0 && status <= 35, `status ${status}`)
	for await (const page of store.list(''))
		for (const {key} of page) ok(key === 'outside' || key.startsWith('remote/'), key)
	ok(await store.head('outside'))
}

const deflated = Buffer.from([
	0x40, 8, 0xca, 0x48, 0xcd, 0xc9, 0xc9, 0xe7, 2, 0, 0x80, 0xc1, 5, 0, 0x20, 9, 0, 0, 0, 0,
])

export const RSYNC_TARGETS: readonly Target[] = [
	{
		name: 'rsync-session',
		cost: 5,
		samples: SESSIONS.map(([args, sent]) =>
			Buffer.concat([Buffer.from(`${args}\n`), Buffer.from(sent, 'base64')]),
		),
		words: [
			'\x07\0\0\x07',
			'\xff\xff\xff\xff',
			'../',
			'/',
			'\0',
			'\x01\xa0',
			'--delete ',
			'--compare-dest=d ',
			'--link-dest=../outside ',
			'\xfe\x80',
			'\xff\xff\xff\x7f',
		],
		run: (input) => meant(() => session(input)),
	},
	{
		name: 'rsync-args',
		samples: SESSIONS.map(([args]) => Buffer.from(args)),
		words: [
			'--',
			"'",
			'"',
			'\\',
			' . ',
			'--max-delete=',
			'-e.',
			'--files-from=-',
			'--suffix ',
			'-B',
			'*',
			'\0',
		],
		run: (input) =>
			meant(() => {
				parseServerArgs(wireWords(input.toString('latin1').split('\0'), true))
				parseServerArgs(splitWords([input.toString('latin1')]))
			}),
	},
	{
		name: 'rsync-greeting',
		samples: [
			Buffer.from('@RSYNCD: 32.0 sha512\n#early_input=3\nabcm\n--server\0.\0m/\0\0'),
			Buffer.from('@RSYNCD: 31.0\nlocked\nann answer\n'),
			Buffer.from('@RSYNCD: 29\n#list\n'),
		],
		words: ['@RSYNCD: ', '\n', '\0', 'sha256 ', 'locked', '#early_input=', '99999999'],
		run: (input) =>
			meant(() =>
				greet(new GreetingInput(streamOf(input)), async () => {}, {
					modules: {
						list: async () => [{name: 'm', comment: ''}],
						find: async (name) =>
							name === 'm' || name === 'locked'
								? {
										name,
										readOnly: false,
										users: name === 'm' ? [] : [{name: 'ann'}],
										password: () => 'secret',
									}
								: undefined,
					},
					motd: '',
				}),
			),
	},
	...(['none', 'zlib', 'zlibx'] as const).map((compression): Target => ({
		name: `rsync-tokens-${compression}`,
		samples: [
			compression === 'none' ? Buffer.from('\x02\0\0\0ab\xff\xff\xff\xff\0\0\0\0', 'latin1') : deflated,
		],
		words: ['\0\0\xff\xff', '\x21', '\x7f\xff', '\xc0\x01\xff\xff'],
		run: (input) =>
			meant(async () => {
				const chunks = new GreetingInput(streamOf(input)).rest()
				let rest = Buffer.alloc(0)
				const take = async (length: number): Promise<Buffer> => {
					while (rest.length < length) {
						const next = await chunks.next()
						if (next.done === true) throw new RsyncError(RERR.stream, 'closed')
						rest = Buffer.concat([rest, next.value])
					}
					const taken = rest.subarray(0, length)
					rest = rest.subarray(length)
					return taken
				}
				const reader = new TokenReader({take}, compression)
				try {
					for (;;) {
						const token = await reader.next()
						if (token && 'block' in token) await reader.see(Buffer.from('a block of the basis'))
					}
				} finally {
					reader.close()
				}
			}),
	})),
	{
		name: 'signature',
		samples: [
			Buffer.from(
				'733372626c6f636b0100000004000000a50113044229d691b07b13341da53f17ab9f24167900e800e73af36376314c7c0022cb1d204f76b30600000000000000b1946ac92492d2347c6235b4d26111842d22d3a047878d1c2c02460ced99b105',
				'hex',
			),
		],
		words: ['s3rblock', '\xff\xff\xff\xff', '\0\0\0\0'],
		run: async (input) => {
			for await (const piece of signatureOf(streamOf(input), 7)) ok(piece.length > 0)
			decodeSignature(input)
		},
	},
	{
		name: 'delta',
		samples: [
			Buffer.from(
				'73337264656c7461010000000600000000000000b1946ac92492d2347c6235b4d2611184020000000000000000040000000000000001050000006f20776f7201030000006c640a000c000000000000006f5902ac237024bdd0c176cb93063dc4e2e70e68616c2f810f9c8837adc521af',
				'hex',
			),
		],
		words: ['s3rdelta', '\xff\xff\xff\xff', '\0\0\0\0', '\x02', '\x01'],
		run: async (input) => {
			for await (const part of decodeDelta(streamOf(input)))
				if ('offset' in part) ok(part.offset >= 0 && part.length > 0)
		},
	},
]
