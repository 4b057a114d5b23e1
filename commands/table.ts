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
	adopt: {
		group: 'porcelain',
		summary: 'make an index for a tree and a bucket that hold the same',
		load: async () => (await import('./adopt.ts')).default,
	},
	config: {
		group: 'porcelain',
		summary: 'read and change settings',
		load: async () => (await import('./config.ts')).default,
	},
	remote: {
		group: 'porcelain',
		summary: 'list, add, rename, move and remove remotes',
		load: async () => (await import('./remote.ts')).default,
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
	get: {
		group: 'porcelain',
		summary: 'fetch objects into files',
		load: async () => (await import('./get.ts')).default,
	},
	put: {
		group: 'porcelain',
		summary: 'store files as objects',
		load: async () => (await import('./put.ts')).default,
	},
	mv: {
		group: 'porcelain',
		summary: 'give files another name, here and on the remote',
		load: async () => (await import('./mv.ts')).default,
	},
	rm: {
		group: 'porcelain',
		summary: 'delete objects of the remote',
		load: async () => (await import('./rm.ts')).default,
	},
	acl: {
		group: 'porcelain',
		summary: 'print or set who may read and write objects',
		load: async () => (await import('./acl.ts')).default,
	},
	log: {
		group: 'porcelain',
		summary: 'tell what was pushed and pulled',
		load: async () => (await import('./log.ts')).default,
	},
	verify: {
		group: 'porcelain',
		summary: 'prove that both sides hold what the index says',
		load: async () => (await import('./verify.ts')).default,
	},
	du: {
		group: 'porcelain',
		summary: 'tell how much lies where',
		load: async () => (await import('./du.ts')).default,
	},
	gc: {
		group: 'porcelain',
		summary: 'remove what killed runs left behind',
		load: async () => (await import('./gc.ts')).default,
	},
	serve: {
		group: 'porcelain',
		summary: 'run a small S3 server on a directory',
		load: async () => (await import('./serve.ts')).default,
	},
	completion: {
		group: 'porcelain',
		summary: 'let a shell complete commands, options and keys',
		load: async () => (await import('./completion.ts')).default,
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
	'ls-buckets': {
		group: 'plumbing',
		summary: 'list the buckets of the account',
		load: async () => (await import('./ls-buckets.ts')).default,
	},
	'ls-local': {
		group: 'plumbing',
		summary: 'list the files of the local side',
		load: async () => (await import('./ls-local.ts')).default,
	},
	'ls-index': {
		group: 'plumbing',
		summary: 'list what the index knows of the files',
		load: async () => (await import('./ls-index.ts')).default,
	},
	'ls-remote': {
		group: 'plumbing',
		summary: 'list the objects of a remote as files',
		load: async () => (await import('./ls-remote.ts')).default,
	},
	'ls-versions': {
		group: 'plumbing',
		summary: 'list the versions of objects, and what was deleted',
		load: async () => (await import('./ls-versions.ts')).default,
	},
	'ls-uploads': {
		group: 'plumbing',
		summary: 'list multipart uploads that are not finished',
		load: async () => (await import('./ls-uploads.ts')).default,
	},
	'diff-local': {
		group: 'plumbing',
		summary: 'compare the files with the index',
		load: async () => (await import('./diff-local.ts')).default,
	},
	'diff-remote': {
		group: 'plumbing',
		summary: 'compare the two sides of the index: the plan of a push or pull',
		load: async () => (await import('./diff-remote.ts')).default,
	},
	'stat-object': {
		group: 'plumbing',
		summary: 'print what objects say of their files',
		load: async () => (await import('./stat-object.ts')).default,
	},
	'cat-object': {
		group: 'plumbing',
		summary: 'print the content of objects',
		load: async () => (await import('./cat-object.ts')).default,
	},
	'cat-acl': {
		group: 'plumbing',
		summary: 'print the grants of an object or a bucket',
		load: async () => (await import('./cat-acl.ts')).default,
	},
	presign: {
		group: 'plumbing',
		summary: 'print URLs that whoever has them may use for a while',
		load: async () => (await import('./presign.ts')).default,
	},
	var: {
		group: 'plumbing',
		summary: 'print what s3r goes by',
		load: async () => (await import('./var.ts')).default,
	},
	'check-filter': {
		group: 'plumbing',
		summary: 'tell which paths the filters leave out, and why',
		load: async () => (await import('./check-filter.ts')).default,
	},
	'hash-file': {
		group: 'plumbing',
		summary: 'print the MD5 of files',
		load: async () => (await import('./hash-file.ts')).default,
	},
	'make-sig': {
		group: 'plumbing',
		summary: "print the signature of a file: its blocks' sums",
		load: async () => (await import('./make-sig.ts')).default,
	},
	'make-delta': {
		group: 'plumbing',
		summary: 'print how to make a file of one with a signature',
		load: async () => (await import('./make-delta.ts')).default,
	},
	'apply-delta': {
		group: 'plumbing',
		summary: 'make the file that a delta is of',
		load: async () => (await import('./apply-delta.ts')).default,
	},
	'create-bucket': {
		group: 'plumbing',
		summary: 'create a bucket, or open one to ACLs',
		load: async () => (await import('./create-bucket.ts')).default,
	},
	'delete-bucket': {
		group: 'plumbing',
		summary: 'delete an empty bucket',
		load: async () => (await import('./delete-bucket.ts')).default,
	},
	'update-index': {
		group: 'plumbing',
		summary: 'note in the index what files or objects are now',
		load: async () => (await import('./update-index.ts')).default,
	},
	'delete-objects': {
		group: 'plumbing',
		summary: 'delete the objects that lines name',
		load: async () => (await import('./delete-objects.ts')).default,
	},
	'copy-object': {
		group: 'plumbing',
		summary: 'copy objects within their bucket, on the server',
		load: async () => (await import('./copy-object.ts')).default,
	},
	'put-acl': {
		group: 'plumbing',
		summary: 'replace ACLs by the grants on stdin',
		load: async () => (await import('./put-acl.ts')).default,
	},
	'abort-uploads': {
		group: 'plumbing',
		summary: 'end multipart uploads, and drop their parts',
		load: async () => (await import('./abort-uploads.ts')).default,
	},
	'set-attrs': {
		group: 'plumbing',
		summary: 'give files the modes, times and owners of records',
		load: async () => (await import('./set-attrs.ts')).default,
	},
	'send-objects': {
		group: 'plumbing',
		summary: 'execute the plan of a push, line by line',
		load: async () => (await import('./send-objects.ts')).default,
	},
	'fetch-objects': {
		group: 'plumbing',
		summary: 'execute the plan of a pull, line by line',
		load: async () => (await import('./fetch-objects.ts')).default,
	},
	rsh: {
		group: 'helper',
		summary: "be rsync's remote shell: rsync -e 's3r rsh' <file>... <bucket>:",
		load: async () => (await import('./rsh.ts')).default,
	},
	daemon: {
		group: 'helper',
		summary: 'be an rsync daemon: rsync rsync://127.0.0.1:8873/',
		load: async () => (await import('./daemon.ts')).default,
	},
}
