// What commands are for, in the order in which somebody comes to need them: the groups of `s3r help`.

import type {Table} from './command.ts'

export type Topic = {readonly title: string; readonly names: readonly string[]}

/** For people; the last one takes what no other names. */
const PORCELAIN: readonly Topic[] = [
	{
		title: "begin, with a directory and a bucket (see also: 's3r help tutorial')",
		names: ['init', 'clone', 'adopt', 'remote', 'config'],
	},
	{title: 'see what differs, and send or bring it', names: ['status', 'push', 'pull', 'fetch', 'index']},
	{title: 'work with single files and objects', names: ['put', 'get', 'mv', 'rm', 'acl']},
	{title: 'look after what is there', names: ['log', 'du', 'verify', 'gc']},
	{title: 'anything else', names: []},
]

const PLUMBING: readonly Topic[] = [
	{
		title: 'plumbing that asks, and writes nothing',
		names: [
			'ls-buckets',
			'ls-local',
			'ls-index',
			'ls-remote',
			'ls-versions',
			'ls-uploads',
			'diff-local',
			'diff-remote',
			'stat-object',
			'cat-object',
			'cat-acl',
			'presign',
			'hash-file',
			'check-filter',
			'var',
		],
	},
	{title: 'plumbing that does', names: []},
]

const HELPERS: readonly Topic[] = [{title: 'called by other programs', names: []}]

/** The topics, each with the commands of the table that belong to it. */
export function topicsOf(table: Table): Topic[] {
	const all = Object.entries(table)
	return [
		...filled(
			PORCELAIN,
			all.filter(([, {group}]) => group === 'porcelain').map(([name]) => name),
		),
		...filled(
			PLUMBING,
			all.filter(([, {group}]) => group === 'plumbing').map(([name]) => name),
		),
		...filled(
			HELPERS,
			all.filter(([, {group}]) => group === 'helper').map(([name]) => name),
		),
	]
}

function filled(topics: readonly Topic[], names: readonly string[]): Topic[] {
	const named = new Set(topics.flatMap((topic) => topic.names))
	return topics
		.map(({title, names: own}) => ({
			title,
			names:
				own.length > 0
					? own.filter((name) => names.includes(name))
					: names.filter((name) => !named.has(name)),
		}))
		.filter((topic) => topic.names.length > 0)
}
