// Every subcommand, in the order in which `s3r help` lists them. A command's file is loaded when it
// is called; the summaries stand here too, so that help loads none (test/man.test.ts compares them).

import type {Table} from '../src/cli/command.ts'

export const COMMANDS: Table = {
	init: {
		group: 'porcelain',
		summary: 'make a directory the local side of a remote',
		load: () => import('./init.ts'),
	},
	clone: {
		group: 'porcelain',
		summary: 'bring a whole remote into a new directory',
		load: () => import('./clone.ts'),
	},
	adopt: {
		group: 'porcelain',
		summary: 'make an index for a tree and a bucket that hold the same',
		load: () => import('./adopt.ts'),
	},
	config: {
		group: 'porcelain',
		summary: 'read and change settings',
		load: () => import('./config.ts'),
	},
	remote: {
		group: 'porcelain',
		summary: 'list, add, rename, move and remove remotes',
		load: () => import('./remote.ts'),
	},
	index: {
		group: 'porcelain',
		summary: 'look at the files and note in the index what changed',
		load: () => import('./index.ts'),
	},
	status: {
		group: 'porcelain',
		summary: 'tell what a push would send, and what is newer on the remote',
		load: () => import('./status.ts'),
	},
	fetch: {
		group: 'porcelain',
		summary: 'list the remote, and note in the index what it holds',
		load: () => import('./fetch.ts'),
	},
	push: {
		group: 'porcelain',
		summary: 'send what changed here to the remote',
		load: () => import('./push.ts'),
	},
	pull: {
		group: 'porcelain',
		summary: 'bring what changed on the remote here',
		load: () => import('./pull.ts'),
	},
	get: {
		group: 'porcelain',
		summary: 'fetch objects into files',
		load: () => import('./get.ts'),
	},
	put: {
		group: 'porcelain',
		summary: 'store files as objects',
		load: () => import('./put.ts'),
	},
	mv: {
		group: 'porcelain',
		summary: 'give files another name, here and on the remote',
		load: () => import('./mv.ts'),
	},
	rm: {
		group: 'porcelain',
		summary: 'delete objects of the remote',
		load: () => import('./rm.ts'),
	},
	acl: {
		group: 'porcelain',
		summary: 'print or set who may read and write objects',
		load: () => import('./acl.ts'),
	},
	log: {
		group: 'porcelain',
		summary: 'tell what was pushed and pulled',
		load: () => import('./log.ts'),
	},
	verify: {
		group: 'porcelain',
		summary: 'prove that both sides hold what the index says',
		load: () => import('./verify.ts'),
	},
	du: {
		group: 'porcelain',
		summary: 'tell how much lies where',
		load: () => import('./du.ts'),
	},
	gc: {
		group: 'porcelain',
		summary: 'remove what killed runs left behind',
		load: () => import('./gc.ts'),
	},
	serve: {
		group: 'porcelain',
		summary: 'run a small S3 server on a directory',
		load: () => import('./serve.ts'),
	},
	completion: {
		group: 'porcelain',
		summary: 'let a shell complete commands, options and keys',
		load: () => import('./completion.ts'),
	},
	help: {
		group: 'porcelain',
		summary: 'open the manual page of a command, or list the commands',
		load: () => import('./help.ts'),
	},
	version: {
		group: 'porcelain',
		summary: 'print the version of s3r',
		load: () => import('./version.ts'),
	},
	'ls-buckets': {
		group: 'plumbing',
		summary: 'list the buckets of the account',
		load: () => import('./ls-buckets.ts'),
	},
	'ls-local': {
		group: 'plumbing',
		summary: 'list the files of the local side',
		load: () => import('./ls-local.ts'),
	},
	'ls-index': {
		group: 'plumbing',
		summary: 'list what the index knows of the files',
		load: () => import('./ls-index.ts'),
	},
	'ls-remote': {
		group: 'plumbing',
		summary: 'list the objects of a remote as files',
		load: () => import('./ls-remote.ts'),
	},
	'ls-versions': {
		group: 'plumbing',
		summary: 'list the versions of objects, and what was deleted',
		load: () => import('./ls-versions.ts'),
	},
	'ls-uploads': {
		group: 'plumbing',
		summary: 'list multipart uploads that are not finished',
		load: () => import('./ls-uploads.ts'),
	},
	'diff-local': {
		group: 'plumbing',
		summary: 'compare the files with the index',
		load: () => import('./diff-local.ts'),
	},
	'diff-remote': {
		group: 'plumbing',
		summary: 'compare the two sides of the index: the plan of a push or pull',
		load: () => import('./diff-remote.ts'),
	},
	'stat-object': {
		group: 'plumbing',
		summary: 'print what objects say of their files',
		load: () => import('./stat-object.ts'),
	},
	'cat-object': {
		group: 'plumbing',
		summary: 'print the content of objects',
		load: () => import('./cat-object.ts'),
	},
	'cat-acl': {
		group: 'plumbing',
		summary: 'print the grants of an object or a bucket',
		load: () => import('./cat-acl.ts'),
	},
	presign: {
		group: 'plumbing',
		summary: 'print URLs that whoever has them may use for a while',
		load: () => import('./presign.ts'),
	},
	var: {
		group: 'plumbing',
		summary: 'print what s3r goes by',
		load: () => import('./var.ts'),
	},
	'check-filter': {
		group: 'plumbing',
		summary: 'tell which paths the filters leave out, and why',
		load: () => import('./check-filter.ts'),
	},
	'hash-file': {
		group: 'plumbing',
		summary: 'print the MD5 of files',
		load: () => import('./hash-file.ts'),
	},
	'make-sig': {
		group: 'plumbing',
		summary: "print the signature of a file: its blocks' sums",
		load: () => import('./make-sig.ts'),
	},
	'make-delta': {
		group: 'plumbing',
		summary: 'print how to make a file of one with a signature',
		load: () => import('./make-delta.ts'),
	},
	'apply-delta': {
		group: 'plumbing',
		summary: 'make the file that a delta is of',
		load: () => import('./apply-delta.ts'),
	},
	'create-bucket': {
		group: 'plumbing',
		summary: 'create a bucket, or open one to ACLs',
		load: () => import('./create-bucket.ts'),
	},
	'delete-bucket': {
		group: 'plumbing',
		summary: 'delete an empty bucket',
		load: () => import('./delete-bucket.ts'),
	},
	'update-index': {
		group: 'plumbing',
		summary: 'note in the index what files or objects are now',
		load: () => import('./update-index.ts'),
	},
	'delete-objects': {
		group: 'plumbing',
		summary: 'delete the objects that lines name',
		load: () => import('./delete-objects.ts'),
	},
	'copy-object': {
		group: 'plumbing',
		summary: 'copy objects within their bucket, on the server',
		load: () => import('./copy-object.ts'),
	},
	'put-acl': {
		group: 'plumbing',
		summary: 'replace ACLs by the grants on stdin',
		load: () => import('./put-acl.ts'),
	},
	'abort-uploads': {
		group: 'plumbing',
		summary: 'end multipart uploads, and drop their parts',
		load: () => import('./abort-uploads.ts'),
	},
	'set-attrs': {
		group: 'plumbing',
		summary: 'give files the modes, times and owners of records',
		load: () => import('./set-attrs.ts'),
	},
	'send-objects': {
		group: 'plumbing',
		summary: 'execute the plan of a push, line by line',
		load: () => import('./send-objects.ts'),
	},
	'fetch-objects': {
		group: 'plumbing',
		summary: 'execute the plan of a pull, line by line',
		load: () => import('./fetch-objects.ts'),
	},
	rsh: {
		group: 'helper',
		summary: "be rsync's remote shell: rsync -e 's3r rsh' <file>... <bucket>:",
		load: () => import('./rsh.ts'),
	},
	daemon: {
		group: 'helper',
		summary: 'be an rsync daemon: rsync rsync://127.0.0.1:8873/',
		load: () => import('./daemon.ts'),
	},
}
