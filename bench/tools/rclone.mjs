// rclone: as its S3 page says to avoid a HEAD for each object, and with as many transfers as the others.

export const rclone = {
	name: 'rclone',
	words: ['rclone'],
	version: ['version'],
	is: /^rclone (\S+)/,
	sources: [
		'https://rclone.org/s3/#reducing-costs',
		'https://rclone.org/s3/#avoiding-head-requests-to-read-the-modification-time',
		'https://rclone.org/docs/#track-renames',
	],
	settings: 'a remote `bench` of type s3, by RCLONE_CONFIG_BENCH_…',
	configure: ({endpoint, account, home}) => ({
		RCLONE_CONFIG: `${home}/rclone.conf`,
		RCLONE_CONFIG_BENCH_TYPE: 's3',
		RCLONE_CONFIG_BENCH_PROVIDER: 'Other',
		RCLONE_CONFIG_BENCH_ENDPOINT: endpoint,
		RCLONE_CONFIG_BENCH_REGION: 'us-east-1',
		RCLONE_CONFIG_BENCH_ACCESS_KEY_ID: account.accessKey,
		RCLONE_CONFIG_BENCH_SECRET_ACCESS_KEY: account.secretKey,
		// it cannot be given this, and takes SSL_CERT_FILE
		AWS_CA_BUNDLE: undefined,
	}),
	push: ({data, bucket}) => ['copy', ...COMMON, '--no-check-dest', data, `bench:${bucket}`],
	sync: ({data, bucket}) => ['copy', ...COMMON, ...LATER, data, `bench:${bucket}`],
	mirror: ({data, bucket}) => ['sync', ...COMMON, ...LATER, '--track-renames', data, `bench:${bucket}`],
	pull: ({bucket, into}) => ['copy', ...COMMON, '--use-server-modtime', `bench:${bucket}`, into],
	upload: ({bucket, file}) => ['copyto', ...COMMON, ...PARTS, file, `bench:${bucket}/large.bin`],
	download: ({bucket, into}) => [
		'copyto',
		...COMMON,
		...STREAMS,
		`bench:${bucket}/large.bin`,
		`${into}/large.bin`,
	],
	list: ({bucket}) => [
		'lsf',
		'-R',
		'--fast-list',
		'--use-server-modtime',
		'--format',
		'tsp',
		`bench:${bucket}`,
	],
}

const COMMON = [
	'-q',
	'--transfers',
	'64',
	'--checkers',
	'64',
	'--fast-list',
	'--s3-no-check-bucket',
	'--s3-no-head',
]
const LATER = ['--update', '--use-server-modtime']
const PARTS = ['--s3-upload-concurrency', '16', '--s3-chunk-size', '16Mi']
const STREAMS = ['--multi-thread-streams', '16', '--use-server-modtime']
