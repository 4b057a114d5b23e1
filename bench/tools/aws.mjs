// The AWS command line: cp for what is sent for the first time, sync later, and more requests at a time than its 10.

import {writeFileSync} from 'node:fs'
import {join} from 'node:path'

const CONFIG = `[default]
region = us-east-1
request_checksum_calculation = when_required
response_checksum_validation = when_required
s3 =
    max_concurrent_requests = 64
    max_queue_size = 10000
    multipart_chunksize = 16MB
    addressing_style = path
`

export const aws = {
	name: 'aws',
	words: ['aws'],
	version: ['--version'],
	is: /^aws-cli\/(\S+)/,
	sources: ['https://docs.aws.amazon.com/cli/latest/topic/s3-config.html'],
	settings: `a configuration file:\n\n${CONFIG.replace(/^/gm, '      ').trimEnd()}`,
	configure({account, home}) {
		const file = join(home, 'aws-config')
		writeFileSync(file, CONFIG)
		return {
			AWS_CONFIG_FILE: file,
			AWS_ACCESS_KEY_ID: account.accessKey,
			AWS_SECRET_ACCESS_KEY: account.secretKey,
			AWS_EC2_METADATA_DISABLED: 'true',
		}
	},
	push: (job) => [...s3(job), 'cp', ...QUIET, '--recursive', job.data, `s3://${job.bucket}/`],
	sync: (job) => [...s3(job), 'sync', ...QUIET, job.data, `s3://${job.bucket}/`],
	mirror: (job) => [...s3(job), 'sync', ...QUIET, '--delete', job.data, `s3://${job.bucket}/`],
	pull: (job) => [...s3(job), 'cp', ...QUIET, '--recursive', `s3://${job.bucket}/`, job.into],
	upload: (job) => [...s3(job), 'cp', ...QUIET, job.file, `s3://${job.bucket}/large.bin`],
	download: (job) => [...s3(job), 'cp', ...QUIET, `s3://${job.bucket}/large.bin`, `${job.into}/large.bin`],
	list: (job) => [...s3(job), 'ls', '--recursive', `s3://${job.bucket}/`],
}

const QUIET = ['--only-show-errors']

function s3({endpoint}) {
	return ['--endpoint-url', endpoint, 's3']
}
