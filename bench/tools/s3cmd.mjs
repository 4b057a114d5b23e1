// s3cmd: one request at a time, whatever one asks for. The cache file spares it the MD5s of files that it knows.

import {writeFileSync} from 'node:fs'
import {join} from 'node:path'

export const s3cmd = {
	name: 's3cmd',
	words: ['s3cmd'],
	version: ['--version'],
	is: /^s3cmd version (\S+)/,
	sources: ['https://s3tools.org/usage', 'https://s3tools.org/s3cmd-sync'],
	settings: 'the endpoint and the credentials, in a configuration file',
	configure({endpoint, account, home}) {
		const {host} = new URL(endpoint)
		const settings = [
			'[default]',
			`access_key = ${account.accessKey}`,
			`secret_key = ${account.secretKey}`,
			`host_base = ${host}`,
			`host_bucket = ${host}`,
			'use_https = False',
		]
		writeFileSync(join(home, 's3cfg'), `${settings.join('\n')}\n`)
		return {}
	},
	push: (job) => [...common(job), 'put', '--recursive', `${job.data}/`, `s3://${job.bucket}/`],
	sync: (job) => [...common(job), 'sync', ...cache(job), `${job.data}/`, `s3://${job.bucket}/`],
	mirror: (job) => [
		...common(job),
		'sync',
		...cache(job),
		'--delete-removed',
		`${job.data}/`,
		`s3://${job.bucket}/`,
	],
	pull: (job) => [...common(job), 'get', '--recursive', `s3://${job.bucket}/`, `${job.into}/`],
	upload: (job) => [
		...common(job),
		'put',
		'--multipart-chunk-size-mb=16',
		job.file,
		`s3://${job.bucket}/large.bin`,
	],
	download: (job) => [...common(job), 'get', `s3://${job.bucket}/large.bin`, `${job.into}/large.bin`],
	list: (job) => [...common(job), 'ls', '--recursive', `s3://${job.bucket}/`],
}

function common({home}) {
	return ['-c', join(home, 's3cfg'), '--no-progress', '--no-mime-magic']
}

function cache({home}) {
	return [`--cache-file=${join(home, 'md5')}`]
}
