// Why s3r does not lead in a row: what profiles of these rows show. The report says it where that is so.

const WHY = [
	{
		rows: /touch/,
		why: 's3r keeps what an object has besides its bytes (ACL, tags, other metadata), so a file that was only touched takes a HEAD, a GET of its ACL, and a copy on the server, two of the three through the SDK, on the main thread; rclone sends the bytes again and drops the rest, which is cheaper as long as files are small',
	},
	{
		rows: /rename/,
		why: 'a renamed file takes a HEAD and a copy on the server, and its old object a DELETE, through the SDK: 0.8 ms of CPU for each of these',
	},
	{
		rows: /large down/,
		why: 's3r takes the MD5 of the whole file once it is there (1.4 ms a MiB) and says if it is not that of what was sent; s5cmd does not look. It all runs in one thread',
	},
	{
		rows: /large up/,
		why: 'one thread takes MD5 and, since the endpoint has no TLS, SHA-256 of each part, and sends it (2.2 ms a MiB)',
	},
	{
		rows: /^(small|mixed|radosgw) (push|pull)/,
		why: 'V8 compiles while it runs, in the main thread and in two others: 30 % of the CPU of 3,000 files, 20 % of that of 30,000. Of the latter a third is the main thread (walk, hash, plan, index, journal), half the two threads (read or write, sign, exchange)',
	},
	{
		rows: /changed/,
		why: 'fewer files than make threads worth while: the code that sends them is not yet compiled when it is done',
	},
	{
		rows: /walk/,
		why: 'one thread looks at the files, where git has two; a file costs 1.4 us for statx, 0.5 for its name, and 3 for what JavaScript does with it',
	},
]

/** @returns {string | undefined} a sentence without its full stop */
export function whyBehind({id}) {
	return WHY.find(({rows}) => rows.test(id))?.why
}
