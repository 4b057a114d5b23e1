// Names of users and groups, and their ids: from /etc/passwd and /etc/group, read once, and for whom is
// not in them from getent(1), which asks what else nsswitch.conf(5) names. Every answer is kept.

import {spawnSync} from 'node:child_process'
import {readFileSync} from 'node:fs'
import {errnoOf} from '../base/errors.ts'

/** The two files, for tests. */
export type Sources = {readonly passwd?: string; readonly group?: string}

type Account = {readonly name: string; readonly id: number}

export class Owners {
	readonly #users: Directory
	readonly #groups: Directory

	constructor({passwd = '/etc/passwd', group = '/etc/group'}: Sources = {}) {
		this.#users = new Directory('passwd', passwd)
		this.#groups = new Directory('group', group)
	}

	/** The name in Unicode, or undefined where the id has none. */
	userName(uid: number): string | undefined {
		return this.#users.name(uid)
	}

	groupName(gid: number): string | undefined {
		return this.#groups.name(gid)
	}

	userId(name: string): number | undefined {
		return this.#users.id(name)
	}

	groupId(name: string): number | undefined {
		return this.#groups.id(name)
	}
}

/** One of the two databases. An id or a name that is known to be nobody's is kept as undefined. */
class Directory {
	readonly #database: 'passwd' | 'group'
	readonly #file: string
	readonly #names = new Map<number, string | undefined>()
	readonly #ids = new Map<string, number | undefined>()
	#isRead = false

	constructor(database: 'passwd' | 'group', file: string) {
		this.#database = database
		this.#file = file
	}

	name(id: number): string | undefined {
		this.#read()
		if (!this.#names.has(id)) this.#names.set(id, this.#ask(String(id), (found) => found.id === id)?.name)
		return this.#names.get(id)
	}

	id(name: string): number | undefined {
		this.#read()
		if (!this.#ids.has(name)) this.#ids.set(name, this.#ask(name, (found) => found.name === name)?.id)
		return this.#ids.get(name)
	}

	#read(): void {
		if (this.#isRead) return
		this.#isRead = true
		for (const account of accountsIn(textOf(this.#file))) {
			if (!this.#names.has(account.id)) this.#names.set(account.id, account.name)
			if (!this.#ids.has(account.name)) this.#ids.set(account.name, account.id)
		}
	}

	/** What getent says, if it is about the one that was asked for: to getent a name of digits is an id. */
	#ask(key: string, isAsked: (found: Account) => boolean): Account | undefined {
		return accountsIn(getent(this.#database, key)).find(isAsked)
	}
}

/** name:password:id:… of both files. The first of two accounts with the same id or name counts. */
const accountsIn = (text: string): Account[] =>
	text.split('\n').flatMap((line) => {
		const [name, , id] = line.split(':')
		return name !== undefined && id !== undefined && /^\d+$/.test(id) ? [{name, id: Number(id)}] : []
	})

function textOf(file: string): string {
	try {
		return readFileSync(file, 'utf8')
	} catch {
		return ''
	}
}

let hasGetent = true

function getent(database: string, key: string): string {
	if (!hasGetent || !/^[^-:\s\0][^:\s\0]*$/.test(key)) return ''
	const {stdout, error} = spawnSync('getent', [database, key], {
		encoding: 'utf8',
		stdio: ['ignore', 'pipe', 'ignore'],
	})
	if (errnoOf(error) === 'ENOENT') hasGetent = false
	return stdout ?? ''
}
