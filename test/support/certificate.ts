// Certificates for servers of tests, made by openssl.

import {execFileSync, spawnSync} from 'node:child_process'
import {readFileSync} from 'node:fs'

export const hasOpenssl = (): boolean => spawnSync('openssl', ['version']).error === undefined

/** Makes a self-signed certificate for `host`, as 'DNS:name' or 'IP:address', in a directory. */
export function certificate(root: string, host: string): {key: Buffer; cert: Buffer; file: string} {
	const [key, file] = [`${root}/${host}.key`, `${root}/${host}.pem`]
	const how = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=${host}`
	const words = [...how.split(' '), '-addext', `subjectAltName=${host}`, '-keyout', key, '-out', file]
	execFileSync('openssl', words, {stdio: 'ignore'})
	return {key: readFileSync(key), cert: readFileSync(file), file}
}
