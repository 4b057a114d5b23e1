// Every subcommand, in the order in which `s3r help` lists them. A command's file is loaded when it
// is called; the summaries stand here too, so that help loads none (test/man.test.ts compares them).

import type {Table} from '../src/cli/command.ts'

export const COMMANDS: Table = {
	init: {
		group: 'porcelain',
		summary: 'make a directory the local side of a remote',
		load: async () => (await import('./init.ts')).default,
	},
	clone: {
		group: 'porcelain',
		summary: 'bring a whole remote into a new directory',
		load: async () => (await import('./clone.ts')).default,
	},
	config: {
		group: 'porcelain',
		summary: 'read and change settings',
		load: async () => (await import('./config.ts')).default,
	},
	index: {
		group: 'porcelain',
		summary: 'look at the files and note in the index what changed',
		load: async () => (await import('./index.ts')).default,
	},
	status: {
		group: 'porcelain',
		summary: 'tell what a push would send, and what is newer on the remote',
		load: async () => (await import('./status.ts')).default,
	},
	fetch: {
		group: 'porcelain',
		summary: 'list the remote, and note in the index what it holds',
		load: async () => (await import('./fetch.ts')).default,
	},
	push: {
		group: 'porcelain',
		summary: 'send what changed here to the remote',
		load: async () => (await import('./push.ts')).default,
	},
	pull: {
		group: 'porcelain',
		summary: 'bring what changed on the remote here',
		load: async () => (await import('./pull.ts')).default,
	},
	serve: {
		group: 'porcelain',
		summary: 'run a small S3 server on a directory',
		load: async () => (await import('./serve.ts')).default,
	},
	help: {
		group: 'porcelain',
		summary: 'open the manual page of a command, or list the commands',
		load: async () => (await import('./help.ts')).default,
	},
	version: {
		group: 'porcelain',
		summary: 'print the version of s3r',
		load: async () => (await import('./version.ts')).default,
	},
}
