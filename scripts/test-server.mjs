// test-server.mjs DIRECTORY: the S3 server of the project, for a script. Prints the AWS variables of
// an account, and S3R_TEST_KEY2 and S3R_TEST_SECRET2 of another, as shell assignments, and runs until
// it is killed.

import {randomBytes} from 'node:crypto'
import {serve} from '../build/src/serve/server.js'

const account = () => ({
	accessKey: randomBytes(8).toString('hex'),
	secretKey: randomBytes(20).toString('hex'),
})
const [first, second] = [account(), account()]
const server = await serve({root: process.argv[2], accounts: [first, second], fsync: false})
process.stdout.write(`export AWS_ENDPOINT_URL=${server.endpoint} AWS_REGION=us-east-1 AWS_EC2_METADATA_DISABLED=true
export AWS_ACCESS_KEY_ID=${first.accessKey} AWS_SECRET_ACCESS_KEY=${first.secretKey}
export S3R_TEST_KEY2=${second.accessKey} S3R_TEST_SECRET2=${second.secretKey}
`)
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void server.close())
