// s3r itself. Nothing is tuned: these are the commands of its manual.

import {join} from 'node:path'

export const s3r = (program) => ({
	name: 's3r',
	words: [process.execPath, program],
	version: ['version'],
	is: /^s3r (\S+)/,
	sources: ['man/s3r-push.1'],
	settings: 'the endpoint, by `s3r init --endpoint`',
	configure: ({endpoint, account}) => ({
		AWS_ENDPOINT_URL: endpoint,
		AWS_ACCESS_KEY_ID: account.accessKey,
		AWS_SECRET_ACCESS_KEY: account.secretKey,
		AWS_REGION: 'us-east-1',
		AWS_EC2_METADATA_DISABLED: 'true',
	}),
	cwd: ({root}) => root,
	prepare: ({bucket, endpoint}) => [['init', '--create-bucket', '--endpoint', endpoint, bucket]],
	push: () => ['push', '-a'],
	sync: () => ['push', '-a'],
	mirror: () => ['push', '-a', '--delete'],
	pull: ({bucket, into, endpoint}) => ['clone', '-a', '--endpoint', endpoint, bucket, into],
	upload: ({bucket, file, endpoint}) => ['put', '--endpoint', endpoint, file, `${bucket}/large.bin`],
	download: ({bucket, into, endpoint}) => [
		'get',
		'--endpoint',
		endpoint,
		`${bucket}/large.bin`,
		join(into, 'large.bin'),
	],
	list: () => ['ls-remote'],
	walk: () => ['ls-local'],
	status: () => ['push', '-a'],
})
