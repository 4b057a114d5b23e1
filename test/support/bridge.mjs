// A remote shell for rsync in tests: hands its arguments and streams to the test, which plays the other end, and
// leaves the status in a file.

import {readFileSync} from 'node:fs'
import {connect} from 'node:net'

process.on('SIGUSR1', () => {})
const socket = connect(Number(process.env.BRIDGE_PORT), '127.0.0.1')
socket.write(`${JSON.stringify(process.argv.slice(2))}\n`)
process.stdin.pipe(socket)
socket.on('data', (bytes) => process.stdout.write(bytes))
socket.on('error', () => process.exit(12))
socket.on('end', () =>
	process.stdout.write('', () => process.exit(Number(readFileSync(process.env.BRIDGE_STATUS, 'utf8')))),
)
process.stdout.on('error', () => {})
