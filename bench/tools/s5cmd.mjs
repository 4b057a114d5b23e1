// s5cmd: cp for what is sent for the first time, since its sync is slower; more workers where the store is far away.

export const s5cmd = {
	name: 's5cmd',
	words: ['s5cmd'],
	version: ['version'],
	is: /^(v\d\S*)/,
	sources: ['https://github.com/peak/s5cmd#configuring-concurrency'],
	settings: '256 workers, its default, where there is latency',
	configure: ({account}) => ({
		AWS_ACCESS_KEY_ID: account.accessKey,
		AWS_SECRET_ACCESS_KEY: account.secretKey,
		AWS_REGION: 'us-east-1',
	}),
	push: (job) => [...common(job), 'cp', `${job.data}/`, `s3://${job.bucket}/`],
	sync: (job) => [...common(job), 'sync', `${job.data}/`, `s3://${job.bucket}/`],
	mirror: (job) => [...common(job), 'sync', '--delete', `${job.data}/`, `s3://${job.bucket}/`],
	pull: (job) => [...common(job), 'cp', `s3://${job.bucket}/*`, `${job.into}/`],
	upload: (job) => [...common(job), 'cp', ...PARTS, job.file, `s3://${job.bucket}/large.bin`],
	download: (job) => [
		...common(job),
		'cp',
		...PARTS,
		`s3://${job.bucket}/large.bin`,
		`${job.into}/large.bin`,
	],
	list: ({endpoint, bucket}) => ['--endpoint-url', endpoint, 'ls', `s3://${bucket}/*`],
}

const PARTS = ['--concurrency', '16', '--part-size', '16']

function common({endpoint, latency}) {
	return ['--endpoint-url', endpoint, '--log', 'error', '--numworkers', latency > 0 ? '256' : '64']
}
