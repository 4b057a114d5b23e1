// mc, of MinIO: cp for what is sent for the first time, mirror later.

export const mc = {
	name: 'mc',
	words: ['mc'],
	version: ['--version'],
	// Midnight Commander has this name too
	is: /^mc version (RELEASE\.\S+)/,
	sources: ['https://min.io/docs/minio/linux/reference/minio-mc.html'],
	settings: 'an alias `bench`, by MC_HOST_bench',
	configure({endpoint, account, home}) {
		const {protocol, host} = new URL(endpoint)
		return {
			MC_CONFIG_DIR: home,
			MC_HOST_bench: `${protocol}//${account.accessKey}:${account.secretKey}@${host}`,
		}
	},
	push: ({data, bucket}) => ['--quiet', 'cp', '--recursive', `${data}/`, `bench/${bucket}/`],
	sync: ({data, bucket}) => ['--quiet', 'mirror', '--overwrite', data, `bench/${bucket}`],
	mirror: ({data, bucket}) => ['--quiet', 'mirror', '--overwrite', '--remove', data, `bench/${bucket}`],
	pull: ({bucket, into}) => ['--quiet', 'cp', '--recursive', `bench/${bucket}/`, `${into}/`],
	upload: ({bucket, file}) => ['--quiet', 'cp', file, `bench/${bucket}/large.bin`],
	download: ({bucket, into}) => ['--quiet', 'cp', `bench/${bucket}/large.bin`, `${into}/large.bin`],
	list: ({bucket}) => ['ls', '--recursive', `bench/${bucket}`],
}
