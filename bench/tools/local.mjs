// Programs that look at a disk and at no store: what a walk, and finding that nothing changed, cost at best.

import {join} from 'node:path'

const ALL_FIELDS = '%m %s %T@ %C@ %i %n %U %G %y %l\\t%P\\n'

/** The environment of git, with these settings. */
const gitWith = (settings) => {
	const all = Object.entries({...settings, 'gc.auto': '0'})
	return ({home, data}) => ({
		GIT_DIR: join(home, 'git'),
		GIT_WORK_TREE: data,
		GIT_CONFIG_NOSYSTEM: '1',
		GIT_CONFIG_COUNT: String(all.length),
		...Object.fromEntries(
			all.flatMap(([key, value], i) => [
				[`GIT_CONFIG_KEY_${i}`, key],
				[`GIT_CONFIG_VALUE_${i}`, value],
			]),
		),
	})
}

export const git = {
	name: 'git',
	words: ['git'],
	version: ['--version'],
	is: /^git version (\S+)/,
	sources: ['https://git-scm.com/docs/git-status#_untracked_files_and_performance'],
	settings: 'feature.manyFiles: index version 4, untracked cache',
	configure: gitWith({'feature.manyFiles': 'true'}),
	cwd: ({data}) => data,
	prepare: () => [
		['init', '-q'],
		['add', '--all'],
		['-c', 'user.name=bench', '-c', 'user.email=bench', 'commit', '-q', '-m', 'all'],
		['status', '--porcelain'],
	],
	status: () => ['status', '--porcelain'],
}

/** It lists every directory, as s3r does. */
export const gitByDefault = {
	...git,
	name: 'git-by-default',
	settings: 'none: every directory is listed',
	configure: gitWith({}),
}

export const find = {
	name: 'find',
	words: ['find'],
	version: ['--version'],
	is: /^find \(GNU findutils\) (\S+)/,
	sources: ['https://www.gnu.org/software/findutils/manual/html_node/find_html/Print-File-Information.html'],
	walk: ({data}) => [data, '-printf', ALL_FIELDS],
}

export const rsync = {
	name: 'rsync',
	words: ['rsync'],
	version: ['--version'],
	is: /^rsync {2}version (\S+)/,
	sources: ['https://download.samba.org/pub/rsync/rsync.1'],
	walk: ({data, into}) => ['-an', `${data}/`, into],
}
