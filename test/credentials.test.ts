// Who one is, found out in every way that the AWS CLI knows: by the bundled program, against servers of this machine
// that stand for STS, IAM Identity Center, a container's agent and the metadata service of an instance.

import {execFile} from 'node:child_process'
import {createHash} from 'node:crypto'
import * as fs from 'node:fs'
import {tmpdir} from 'node:os'
import {join, resolve} from 'node:path'
import {promisify} from 'node:util'
import test from 'ava'
import {type Answer, type Stub, stub} from './support/stub.ts'
import {type TestServer, testServer} from './support/server.ts'

const run = promisify(execFile)
const home = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 's3r-credentials-')))
const later = (): string => new Date(Date.now() + 3_600_000).toISOString()

let server: TestServer
let aws: Stub

/** What AWS would hand out: the keys that the server knows, to whoever asks as AWS is asked. */
const handOut: Answer = ({url, body, headers}, response) => {
	const [key, secret] = [server.env['AWS_ACCESS_KEY_ID'], server.env['AWS_SECRET_ACCESS_KEY']]
	const json = {AccessKeyId: key, SecretAccessKey: secret, Token: 'token', Expiration: later()}
	const action = new URLSearchParams(body.toString()).get('Action')
	if (url === '/latest/api/token')
		response.setHeader('x-aws-ec2-metadata-token-ttl-seconds', '600').end('metadata-token')
	else if (url === '/latest/meta-data/iam/security-credentials/') response.end('instance-role')
	else if (url === '/latest/meta-data/iam/security-credentials/instance-role')
		response.end(JSON.stringify({Code: 'Success', ...json}))
	else if (url === '/container' && headers.authorization === 'container-token')
		response.end(JSON.stringify(json))
	else if (url.startsWith('/federation/credentials?') && headers['x-amz-sso_bearer_token'] === 'access-token')
		response.setHeader('content-type', 'application/json').end(
			JSON.stringify({
				roleCredentials: {
					accessKeyId: key,
					secretAccessKey: secret,
					sessionToken: 'token',
					expiration: Date.parse(later()),
				},
			}),
		)
	else if (action?.startsWith('AssumeRole'))
		response
			.setHeader('content-type', 'text/xml')
			.end(
				`<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${action}Result><Credentials>` +
					`<AccessKeyId>${key}</AccessKeyId><SecretAccessKey>${secret}</SecretAccessKey>` +
					`<SessionToken>token</SessionToken><Expiration>${later()}</Expiration></Credentials>` +
					`</${action}Result></${action}Response>`,
			)
	else response.writeHead(404).end()
}

test.before(async () => {
	server = await testServer()
	aws = await stub(handOut)
	fs.mkdirSync(join(home, '.aws/sso/cache'), {recursive: true})
	fs.writeFileSync(join(home, 'token'), 'web-token')
	const {AWS_ACCESS_KEY_ID: key, AWS_SECRET_ACCESS_KEY: secret} = server.env
	const json = JSON.stringify({Version: 1, AccessKeyId: key, SecretAccessKey: secret})
	fs.writeFileSync(join(home, 'process'), `#!/bin/sh\necho '${json}'\n`, {mode: 0o755})
	fs.writeFileSync(join(home, 'counted'), `#!/bin/sh\necho >> ${home}/times\nexec ${home}/process\n`, {
		mode: 0o755,
	})
	const session = createHash('sha1').update('my-session').digest('hex')
	fs.writeFileSync(
		join(home, `.aws/sso/cache/${session}.json`),
		JSON.stringify({
			startUrl: aws.endpoint,
			region: 'us-east-1',
			accessToken: 'access-token',
			expiresAt: later(),
		}),
	)
	const role = 'role_arn = arn:aws:iam::123456789012:role/backup'
	fs.writeFileSync(
		join(home, '.aws/config'),
		`[default]
region = us-east-1
[profile static]
aws_access_key_id = ${key}
aws_secret_access_key = ${secret}
[profile process]
credential_process = ${join(home, 'process')}
[profile counted]
credential_process = ${join(home, 'counted')}
[profile broken]
credential_process = ${join(home, 'nothing')}
[profile other]
aws_access_key_id = SOMEBODYELSE
aws_secret_access_key = somebody-else-secret
[profile role]
${role}
source_profile = other
[profile web]
${role}
web_identity_token_file = ${join(home, 'token')}
[profile instance]
${role}
credential_source = Ec2InstanceMetadata
[profile sso]
sso_session = my-session
sso_account_id = 123456789012
sso_role_name = backup
[sso-session my-session]
sso_region = us-east-1
sso_start_url = ${aws.endpoint}
sso_registration_scopes = sso:account:access
`,
	)
	await s3r(['create-bucket', 'credentials'], server.env)
})

test.after.always(async () => {
	await Promise.all([server.stop(), aws.stop()])
	fs.rmSync(home, {recursive: true, force: true})
})

/** Runs the program with nothing in its environment but this; resolves to what it said. */
async function s3r(
	argv: readonly string[],
	env: Readonly<Record<string, string>> = {},
	cwd = home,
): Promise<string> {
	const {stdout, stderr} = await run(process.execPath, [resolve('dist/s3r.js'), ...argv], {
		cwd,
		env: {
			PATH: process.env['PATH'] ?? '',
			HOME: home,
			AWS_REGION: 'us-east-1',
			AWS_ENDPOINT_URL_S3: server.endpoint,
			...env,
		},
	})
	return stdout + stderr
}

const list = ['ls-remote', '--name-only', 'credentials']
const asked = (pattern: RegExp): boolean =>
	aws.asked.some(({method, url, body}) => pattern.test(`${method} ${url} ${body.toString()}`))

test('a profile has keys, or a process that prints them', async (t) => {
	t.is(await s3r([...list, '--profile', 'static']), '')
	t.is(await s3r(list, {AWS_PROFILE: 'process'}), '')
	const {stderr = '', code} = (await t.throwsAsync(s3r([...list, '--profile', 'broken']))) as {
		stderr?: string
		code?: number
	}
	t.is(code, 128)
	t.regex(stderr, /^fatal: no credentials .*for bucket 'credentials'\nhint: /)
})

test('a process that prints keys is asked once in a run, however many threads there are', async (t) => {
	const root = join(home, 'files')
	fs.mkdirSync(root)
	for (let i = 0; i < 40; i++) fs.writeFileSync(join(root, `file-${i}`), `file ${i}`)
	const env = {AWS_PROFILE: 'counted', S3R_THREADS: '2'}
	const times = () => fs.readFileSync(join(home, 'times'), 'latin1').length
	await s3r(['create-bucket', 'counted'], server.env)
	await s3r(['init', 'counted'], server.env, root)
	t.is(await s3r(['push', '-a'], env, root), '')
	t.is(times(), 1)
	t.is(await s3r(['clone', '-a', 'counted', 'copy'], env), '')
	t.is(times(), 2)
	t.is(fs.readFileSync(join(home, 'copy/file-39'), 'latin1'), 'file 39')
})

test('a role is assumed with the keys of another profile, or with a token', async (t) => {
	const env = {AWS_ENDPOINT_URL_STS: aws.endpoint}
	t.is(await s3r([...list, '--profile', 'role'], env), '')
	t.true(asked(/^POST \/ Action=AssumeRole&.*RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fbackup/))
	t.is(await s3r([...list, '--profile', 'web'], env), '')
	t.true(asked(/^POST \/ Action=AssumeRoleWithWebIdentity&.*WebIdentityToken=web-token/))
	t.is(
		await s3r([...list, '--profile', 'instance'], {...env, AWS_EC2_METADATA_SERVICE_ENDPOINT: aws.endpoint}),
		'',
	)
})

test('an instance has a role, and a container an agent', async (t) => {
	t.is(await s3r(list, {AWS_EC2_METADATA_SERVICE_ENDPOINT: aws.endpoint}), '')
	t.true(asked(/^GET \/latest\/meta-data\/iam\/security-credentials\/instance-role/))
	const env = {
		AWS_CONTAINER_CREDENTIALS_FULL_URI: `${aws.endpoint}/container`,
		AWS_CONTAINER_AUTHORIZATION_TOKEN: 'container-token',
	}
	t.is(await s3r(list, env), '')
	t.true(asked(/^GET \/container/))
})

test('who is signed in has the keys of a session', async (t) => {
	t.is(await s3r([...list, '--profile', 'sso'], {AWS_ENDPOINT_URL_SSO: aws.endpoint}), '')
	t.true(asked(/^GET \/federation\/credentials\?account_id=123456789012&role_name=backup/))
})
