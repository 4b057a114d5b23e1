// How much lies where: the tree, its bounds, and the page, which a browser draws where one is installed.

import {spawnSync} from 'node:child_process'
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {Script} from 'node:vm'
import test, {type ExecutionContext} from 'ava'
import * as fc from './support/properties.ts'
import {bySize, type Usage, UsageTree} from '../src/algo/usage.ts'
import {treemapPage} from '../src/cli/treemap.ts'

const sizes = fc.array(fc.tuple(fc.stringMatching(/^([abc]\/){0,4}[abc]\/?$/), fc.nat({max: 1000})), {
	maxLength: 60,
})

function total({children, rest}: Usage): {size: number; count: number} {
	const below = [...children.values()]
	return {
		size: below.reduce((sum, one) => sum + one.size, rest.size),
		count: below.reduce((sum, one) => sum + one.count, rest.count),
	}
}

function nodes(node: Usage): Usage[] {
	return [node, ...[...node.children.values()].flatMap(nodes)]
}

test('whatever has a node or not, nothing is lost and nothing counted twice', (t) => {
	fc.assert(
		fc.property(sizes, fc.nat({max: 5}), fc.nat({max: 20}), (all, depth, most) => {
			const tree = new UsageTree({depth, nodes: most})
			for (const [path, size] of all) tree.add(path, size)
			t.is(
				tree.root.size,
				all.reduce((sum, [, size]) => sum + size, 0),
			)
			t.is(tree.root.count, all.length)
			t.true(nodes(tree.root).length <= most + 1)
			for (const node of nodes(tree.root)) {
				const {size, count} = total(node)
				t.true(size <= node.size && count <= node.count)
				const order = bySize(node).map((one) => one.size)
				t.deepEqual(
					order,
					order.toSorted((a, b) => b - a),
				)
			}
		}),
	)
})

/** 10,000 objects of sizes from a byte to a megabyte, in directories of several depths. */
function many(): UsageTree {
	const tree = new UsageTree()
	const directories = ['photos/2025', 'photos/2026/summer', 'music/bach', 'src', 'mail/in', 'mail/out']
	for (let i = 0; i < 10_000; i++)
		tree.add(
			`${directories[i % directories.length]}/file-${i}.dat`,
			Math.floor(Math.exp(((i * 7919) % 1399) / 100)),
		)
	return tree
}

test('a page holds the tree, and a script that is one', (t) => {
	const tree = new UsageTree()
	tree.add('d/<script><!--', 7)
	tree.add('d/e/', 0)
	const page = treemapPage(tree.root, 's3://b/<x>"')
	t.deepEqual(JSON.parse(/<script id="data"[^>]*>(.*)<\/script>/.exec(page)?.[1] ?? ''), [
		'./',
		7,
		2,
		[
			[
				'd',
				7,
				2,
				[
					['<script><!--', 7, 1],
					['e', 0, 1, []],
				],
			],
		],
	])
	t.regex(page, /<title>s3:\/\/b\/&#60;x&#62;&#34;<\/title>/)
	t.notRegex(page, /(?:src|href)=|@import|url\(/)
	const script = /<script>([^]*)<\/script>/.exec(page)?.[1] ?? ''
	t.notThrows(() => new Script(script))
})

const browser = ['chromium', 'chromium-browser', 'google-chrome'].find(
	(name) => spawnSync(name, ['--version']).status === 0,
)

function inBrowser(t: ExecutionContext, directory: string, ...argv: readonly string[]): string {
	const common = [
		'--headless',
		'--no-sandbox',
		'--disable-gpu',
		'--window-size=1400,900',
		`--user-data-dir=${directory}/profile`,
	]
	const run = spawnSync(browser ?? '', [...common, ...argv], {encoding: 'utf8', timeout: 120_000})
	t.is(run.status, 0, run.stderr)
	return run.stdout
}

const drawn = browser === undefined ? test.skip : test

drawn('a browser draws 10,000 objects, and looks into a directory', (t) => {
	const directory = mkdtempSync(join(tmpdir(), 's3r-du-'))
	t.teardown(() => rmSync(directory, {recursive: true, force: true, maxRetries: 5}))
	const file = join(directory, 'page.html')
	writeFileSync(file, treemapPage(many().root, 's3://testrsync/'))
	const whole = inBrowser(t, directory, '--dump-dom', `file://${file}`)
	t.regex(
		whole,
		/<output id="what">[\d.]+ GiB, 10,000 objects<\/output>|<output id="what">[\d.]+ MiB, 10,000 objects<\/output>/,
	)
	for (const name of ['photos', 'music', 'src', 'mail'])
		t.regex(whole, new RegExp(`<button>${name}/</button>`))
	const inside = inBrowser(t, directory, '--dump-dom', `file://${file}#photos/2026`)
	t.regex(inside, /<button>photos\/<\/button> › <button>2026\/<\/button>/)
	t.regex(inside, /<button>summer\/<\/button>/)
	t.notRegex(inside, /<button>music\/<\/button>/)
	inBrowser(t, directory, `--screenshot=${directory}/page.png`, `file://${file}`)
	// a canvas that stayed empty is a few thousand bytes
	t.true(readFileSync(join(directory, 'page.png')).length > 50_000)
})
