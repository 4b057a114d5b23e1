// The tools that are measured, each in a file of its own, and which of them are here.

import {execFile} from 'node:child_process'
import {promisify} from 'node:util'
import {CannotRun} from '../work.mjs'
import {aws} from './aws.mjs'
import {find, git, gitByDefault, rsync} from './local.mjs'
import {mc} from './mc.mjs'
import {rclone} from './rclone.mjs'
import {s3cmd} from './s3cmd.mjs'
import {s3r} from './s3r.mjs'
import {s4cmd} from './s4cmd.mjs'
import {s5cmd} from './s5cmd.mjs'

/**
 * What a tool is asked to do, and with what.
 * @typedef {object} Job
 * @property {string} endpoint the URL of the store
 * @property {{accessKey: string, secretKey: string}} account
 * @property {string} bucket
 * @property {number} latency added to each reply, in ms
 * @property {string} home an empty directory for its settings
 * @property {string} root the local side of s3r
 * @property {string} data the directory that peers send, in `root`
 * @property {string} into an empty directory that is to be filled
 * @property {string} file a large file
 */

/**
 * A program that is measured. The verbs give the arguments that its manual recommends for much work; a tool that lacks one
 * is not in that row.
 * @typedef {object} Tool
 * @property {string} name
 * @property {string[]} words the program
 * @property {string[]} version arguments that make it say its version
 * @property {RegExp} is what it says then, the version in a group: another program may have the same name
 * @property {string[]} sources the pages that recommend the flags
 * @property {string} [settings] what is set, if not by flags
 * @property {(job: Job) => Record<string, string>} [configure] writes its settings, and gives its environment
 * @property {(job: Job) => string[][]} [prepare] arguments of runs before the first row, which are not measured
 * @property {(job: Job) => string} [cwd]
 * @property {(job: Job) => string[]} [push] the first push
 * @property {(job: Job) => string[]} [sync] a later one
 * @property {(job: Job) => string[]} [mirror] one that deletes too
 * @property {(job: Job) => string[]} [pull] everything into an empty directory
 * @property {(job: Job) => string[]} [upload]
 * @property {(job: Job) => string[]} [download]
 * @property {(job: Job) => string[]} [list] every key, one a line
 * @property {(job: Job) => string[]} [walk] look at every file
 * @property {(job: Job) => string[]} [status] find that no file changed
 */

const PEERS = [s5cmd, rclone, aws, s3cmd, s4cmd, mc]
const LOCAL_PEERS = [git, gitByDefault, find, rsync]

const run = promisify(execFile)

/**
 * s3r, and the peers that are installed.
 * @returns {Promise<{stores: Tool[], locals: Tool[], missing: string[]}>} those that talk to a store, those that only look at
 *   the disk, and the names of those that are not here
 */
export async function installed(program, {only, env}) {
	const wanted = ({name}) => only === undefined || only.includes(name)
	const present = async (tools) =>
		(await Promise.all(tools.filter(wanted).map((tool) => withVersion(tool, env)))).filter(Boolean)
	const ours = await withVersion(s3r(program), env)
	if (ours === undefined) throw new CannotRun(`'${program}' does not run; npm run build makes it`)
	const stores = [ours, ...(await present(PEERS))]
	const locals = [ours, ...(await present(LOCAL_PEERS))]
	const here = new Set([...stores, ...locals].map(({name}) => name))
	const missing = [...PEERS, ...LOCAL_PEERS].filter(({name}) => !here.has(name)).map(({name}) => name)
	return {stores, locals, missing}
}

async function withVersion(tool, env) {
	try {
		const {stdout, stderr} = await run(tool.words[0], [...tool.words.slice(1), ...tool.version], {
			env,
			timeout: 20_000,
		})
		const found = tool.is.exec(stdout || stderr)
		return found ? {...tool, release: found[1]} : undefined
	} catch {
		return undefined
	}
}
