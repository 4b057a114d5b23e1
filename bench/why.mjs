// What is known of why s3r does not lead in a row; the report says it where that is so. A sentence here is a count of
// requests, or what a profile of such a run showed, and says which.

const WHY = [
	{
		rows: /touch/,
		why: 's3r keeps what an object has besides its bytes (tags, other metadata, and where there are any ACLs), so a file that was only touched takes two requests (HEAD, copy on the server), where a tool that drops all that sends one; before that it is read again by the main thread, for it may have changed',
	},
	{
		rows: /rename/,
		why: 'a renamed file takes a HEAD, a copy on the server and a DELETE, each guarded; a tool that sends the bytes again takes one request, and deletes a thousand old names by another',
	},
	{
		rows: /large down/,
		why: 's3r takes the MD5 of each part that comes, by a thread beside the one that receives (0.35 ms a MiB, a fourth of its CPU, and 0.2 to read it back), and refuses what is not that which was sent; s5cmd verifies nothing',
	},
	{
		rows: /media down|media pull/,
		why: 's3r takes the MD5 of each file that comes, and refuses what is not that which was sent (profile: writing 26 % of its CPU, MD5 25, reading back for that 14, receiving 12); s5cmd verifies nothing',
	},
	{
		rows: /large up|media push/,
		why: 'the metadata of an upload are given before its first part, and hold the MD5 of the whole: all of the file is hashed (1.2 to 1.6 ms a MiB, by one thread, since each block waits for the one before) before anything is sent',
	},
	{
		rows: /^(small|mixed|radosgw) (push|pull)/,
		why: 'in a short run much of the CPU is V8 compiling, or running what it has not compiled (profiles of pushes: of 1,500 files of 4 KiB the optimizing compiler 13 %, the interpreter and its built-in parts 28, the kernel 19; of 5,000 34, 17, 17; of 20,000 of 0 to 1 MiB 15, 14, 36; of 100,000 of 4 KiB, after two seconds, 2, 18, 25); a pull verifies every file, and names none before it is whole',
	},
	{
		rows: /^(small|mixed|radosgw) nochange/,
		why: 'to begin node takes 23 ms of CPU, and what follows V8 has not compiled; the tools that are, list the bucket in that time',
	},
	{
		rows: /changed/,
		why: 'fewer files than make threads worth while, and V8 has hardly compiled what sends them',
	},
	{
		rows: /walk/,
		why: 'git is given its untracked cache, with which it lists no directory that has the same times as before; s3r rests nothing on those, and lists every one. So does git by its defaults, and takes 1.71 s where s3r takes 1.49 (three rounds; profile of a push that finds nothing in 1,000,000: statx(2) 45 %, getdents64(2) 12, JavaScript 17, reading the index 2)',
	},
]

/** @returns {string | undefined} a sentence without its full stop */
export function whyBehind({id}) {
	return WHY.find(({rows}) => rows.test(id))?.why
}
