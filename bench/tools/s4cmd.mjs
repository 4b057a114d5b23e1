// s4cmd: dsync, which is to a directory and a prefix what its put and get are to files; with a check of MD5s later.

export const s4cmd = {
	name: 's4cmd',
	words: ['s4cmd'],
	version: ['--version'],
	is: /^s4cmd version (\S+)/,
	sources: ['https://github.com/bloomreach/s4cmd#readme'],
	configure: ({account}) => ({
		S3_ACCESS_KEY: account.accessKey,
		S3_SECRET_KEY: account.secretKey,
		AWS_DEFAULT_REGION: 'us-east-1',
	}),
	push: (job) => ['dsync', '--recursive', '--force', ...common(job), `${job.data}/`, `s3://${job.bucket}/`],
	sync: (job) => [
		'dsync',
		'--recursive',
		'--sync-check',
		...common(job),
		`${job.data}/`,
		`s3://${job.bucket}/`,
	],
	mirror: (job) => [...s4cmd.sync(job), '--delete-removed'],
	pull: (job) => ['dsync', '--recursive', '--force', ...common(job), `s3://${job.bucket}/`, `${job.into}/`],
	upload: (job) => ['put', ...common(job), job.file, `s3://${job.bucket}/large.bin`],
	download: (job) => ['get', ...common(job), `s3://${job.bucket}/large.bin`, `${job.into}/large.bin`],
	list: (job) => ['ls', '--recursive', ...common(job), `s3://${job.bucket}/`],
}

function common({endpoint}) {
	return ['--endpoint-url', endpoint, '--num-threads', '64']
}
