// Some clones of one bucket, and the rules that no interleaving of what they do may break:
//
// 1. Content that a push reported as done is replaced or deleted only by a clone whose files were it.
// 2. What is here and was never sent stands through every push and pull, or lies beside as a backup.
// 3. The index claims nothing of the remote that the remote never held.
// 4. What could not be done is said, as 'C' or a failure, with status 23.
// 5. When everybody pulls with --backup and pushes until nothing happens, all have the same files.
// 6. A push makes no object that nobody could pull, a file's beside those of a directory, as far as it knows.

import {createHash} from 'node:crypto'
import {rmSync} from 'node:fs'
import {join} from 'node:path'
import {setImmediate as turn} from 'node:timers/promises'
import {MemoryStore} from '../../src/store/memory.ts'
import {Clone, pathOfKey, type Said} from './clone.ts'
import {History, Violation, type What} from './history.ts'
import {Random} from './random.ts'
import type {Command, Plan, Step} from './steps.ts'
import type {Edit, Seen, Snapshot} from './tree.ts'

const ROUNDS = 12
/** Rounds after which a user does something about what is in conflict still. */
const PATIENCE = 2
const EPOCH = Date.UTC(2030, 0)

/** Requests that wait for their turn; outside a race, none does. */
class Turns {
	#waiting: (() => void)[] = []
	#racing = false

	readonly gate = (): Promise<void> | undefined =>
		this.#racing ? new Promise((resolve) => this.#waiting.push(resolve)) : undefined

	/** Runs all at once, one request at a time, in an order that `random` makes. */
	async race(runs: readonly Promise<unknown>[], random: Random, between: () => void): Promise<void> {
		const running = new Set(runs)
		for (const run of runs) void run.catch(() => {}).finally(() => running.delete(run))
		while (running.size > 0) {
			await turn()
			const [next] = this.#waiting.splice(random.below(this.#waiting.length), 1)
			if (next) between()
			next?.()
		}
		this.#racing = false
	}

	begin(): void {
		this.#racing = true
	}
}

export class World {
	readonly #root: string
	readonly #plan: Plan
	readonly #turns = new Turns()
	readonly #history: History
	readonly #clones: Clone[]
	#time = EPOCH

	constructor(root: string, plan: Plan) {
		this.#root = root
		this.#plan = plan
		const store = new MemoryStore({now: () => (this.#time += plan.coarse ? 100 : 2000)})
		this.#history = new History(store)
		this.#clones = Array.from({length: plan.clones}, (_, i) => {
			const name = String.fromCharCode('X'.charCodeAt(0) + i)
			const onDone = (path: string, isGone: boolean) => this.#history.done(name, path, isGone)
			return new Clone(name, join(root, name), this.#history.watched(name, this.#turns.gate), onDone)
		})
	}

	/** Takes every step, and then brings the clones together; rejects with a Violation where a rule is broken. */
	async run(): Promise<void> {
		for (const step of this.#plan.steps) await this.#take(step)
		await this.#converge()
	}

	remove(): void {
		for (const clone of this.#clones) rmSync(clone.root, {recursive: true, force: true})
		rmSync(this.#root, {recursive: true, force: true})
	}

	async #take(step: Step): Promise<void> {
		const clone = this.#clones[step.clone]
		if (!clone) return
		if ('edit' in step) clone.edit(step.edit)
		else if ('command' in step) await this.#command(clone, step.command)
		else await this.#race(clone, step.race, step.edits, new Random(step.seed))
	}

	async #command(clone: Clone, command: Command): Promise<Said> {
		const before = clone.files()
		const since = this.#history.count
		const said = await clone.run(command)
		const after = clone.files()
		this.#checkLocal(clone, command, before, after)
		this.#checkIndex(clone)
		if (command.name === 'push') {
			this.#checkPushed(clone, command, said, after)
			this.#checkWay(clone, since)
		}
		if (command.name === 'pull') this.#checkPulled(clone, command, said, before, after)
		checkStatus(clone, said)
		return said
	}

	async #race(
		editor: Clone,
		commands: readonly Command[],
		edits: readonly Edit[],
		random: Random,
	): Promise<void> {
		const before = new Map(this.#clones.map((clone) => [clone, new Map(clone.files())]))
		const left = [...edits]
		this.#turns.begin()
		const runs = this.#clones.map((clone, i) => clone.run(commands[i] ?? {name: 'fetch'}))
		await this.#turns.race(runs, random, () => {
			const edit = random.chance(0.3) ? left.shift() : undefined
			if (edit) editWhile(editor, edit, before.get(editor) ?? new Map())
		})
		for (const [i, run] of runs.entries()) {
			const clone = this.#clones[i]
			const command = commands[i]
			if (!clone || !command) continue
			const said = await run
			this.#checkLocal(clone, command, before.get(clone) ?? new Map(), clone.files())
			this.#checkIndex(clone)
			checkStatus(clone, said)
		}
	}

	/** Rules 1 and 2. */
	#checkLocal(clone: Clone, command: Command, before: Snapshot, after: Snapshot): void {
		if (this.#history.broken) throw this.#history.broken
		for (const [path, {what}] of before) {
			if (after.get(path)?.what === what) continue
			if (command.name === 'pull') {
				if (this.#history.versions(path).some((version) => version.what === what)) continue
				if (command.backup && hasBackup(after, withoutBackup(path), what)) continue
			}
			throw new Violation(`a ${command.name} destroyed '${path}' of ${clone.name}, which was ${what}`)
		}
	}

	/** Rule 3. */
	#checkIndex(clone: Clone): void {
		for (const {path, remote, base} of clone.entries()) {
			if (!remote) continue
			const held = this.#history.versions(path).filter(({etag}) => etag === remote.etag)
			if (held.length === 0)
				throw new Violation(`the index of ${clone.name} claims an object '${path}' that never was`)
			const isSame =
				base?.md5 === undefined || remote.moved || held.some(({what}) => md5Of(what) === base.md5)
			if (!isSame) throw new Violation(`the index of ${clone.name} claims another content of '${path}'`)
		}
	}

	/** Rule 4, of a push that nobody disturbed: what is here is there, or was said not to be. */
	#checkPushed(clone: Clone, {paths, delete: deletes}: Command, said: Said, here: Snapshot): void {
		for (const [path, {what}] of here) {
			if (!isIn(path, paths) || said.lines.get(path) === 'C' || said.failed.has(path)) continue
			if (this.#history.current(path)?.what === what || this.#history.held(clone.name, path)?.what === what)
				continue
			throw new Violation(`${clone.name} did not send '${path}' (${what}) and did not say so`)
		}
		if (!deletes || said.failed.size > 0) return
		for (const key of this.#history.keys()) {
			const path = pathOfKey(key)
			if (path === './' || here.has(path) || !isIn(path, paths) || said.lines.get(path) === 'C') continue
			if (this.#history.held(clone.name, path))
				throw new Violation(`${clone.name} did not delete the object '${path}' and did not say so`)
		}
	}

	/** A listing tells neither a link from a file that holds its target, nor two changes within one second. */
	#isSame(a: What | undefined, b: What | undefined): boolean {
		if (a === b) return true
		return this.#plan.coarse && a !== undefined && b !== undefined && md5Of(a) === md5Of(b)
	}

	/** Rule 6, of what a clone wrote since then. */
	#checkWay(clone: Clone, since: number): void {
		const files = clone.entries().flatMap(({path, remote}) => (remote && path !== './' ? [path] : []))
		const isNew = (path: string) =>
			this.#history.current(path) !== undefined &&
			this.#history.versions(path).every(({number}) => number >= since)
		for (const path of files)
			for (const other of files)
				if (other.startsWith(`${path}/`) && (isNew(path) || isNew(other)))
					throw new Violation(`${clone.name} pushed '${path}' and '${other}', and no disk can hold both`)
	}

	/** Rule 4, of a pull that nobody disturbed. */
	#checkPulled(clone: Clone, command: Command, said: Said, before: Snapshot, after: Snapshot): void {
		const {paths} = command
		const isSaid = (path: string) => said.lines.get(path) === 'C' || said.failed.has(path)
		for (const key of this.#history.keys()) {
			const path = pathOfKey(key)
			const there = this.#history.current(path)
			if (path === './' || !isIn(path, paths) || isSaid(path)) continue
			const here = after.get(path)
			if (this.#isSame(here?.what, there?.what)) continue
			const isPending = here && this.#isSame(this.#history.held(clone.name, path)?.what, there?.what)
			if (!isPending)
				throw new Violation(`${clone.name} did not bring '${path}' (${there?.what}) and did not say so`)
		}
		if (!command.delete || said.failed.size > 0 || said.warned) return
		for (const [path, {what}] of before) {
			if (!after.has(path) || !isIn(path, paths) || this.#history.current(path) || isSaid(path)) continue
			if (this.#history.held(clone.name, path)?.what === what)
				throw new Violation(`${clone.name} did not delete '${path}' and did not say so`)
		}
	}

	/** Rule 5. */
	async #converge(): Promise<void> {
		for (let round = 0; round < ROUNDS; round++) {
			const before = this.#state()
			let isQuiet = true
			for (const clone of this.#clones) {
				const pulled = await this.#command(clone, {name: 'pull', backup: true})
				const pushed = await this.#command(clone, {name: 'push', delete: true})
				if (pulled.status === 0 && pushed.status === 0) continue
				isQuiet = false
				if (round >= PATIENCE) makeWay(clone, pulled)
			}
			if (isQuiet && before === this.#state()) return this.#checkSame()
		}
		throw new Violation(`no end of pulls and pushes:\n${this.#state()}`)
	}

	#state(): string {
		return this.#clones
			.map((clone) =>
				[...clone.files()]
					.map(([path, {what}]) => `${path}=${what}`)
					.toSorted()
					.join(' '),
			)
			.concat(String(this.#history.count))
			.join('\n')
	}

	#checkSame(): void {
		const [first, ...others] = this.#clones.map((clone) => clone.files())
		for (const other of others) {
			const paths = new Set([...(first?.keys() ?? []), ...other.keys()])
			for (const path of paths) {
				const [a, b] = [first?.get(path), other.get(path)]
				if (!this.#isSame(a?.what, b?.what))
					throw new Violation(`'${path}' is ${a?.what} here and ${b?.what} there, and nobody minds`)
				if (!this.#plan.coarse && a?.attributes !== b?.attributes)
					throw new Violation(`'${path}' has '${a?.attributes}' here and '${b?.attributes}' there`)
			}
		}
	}
}

/** What a user does where the remote holds both a file and a directory of one name: moves away what is here. */
function makeWay(clone: Clone, {lines, failed}: Said): void {
	const stuck = [...failed.keys(), ...[...lines].filter(([, status]) => status === 'C').map(([path]) => path)]
	for (const path of stuck) {
		const parts = path.replace(/\/$/, '').split('/')
		for (let n = 1; n <= parts.length; n++) {
			const name = parts.slice(0, n).join('/')
			const isClash = clone.files().has(name) ? n < parts.length || path.endsWith('/') : n === parts.length
			if (isClash) clone.edit({do: 'rename', path: name, to: `${name}-${clone.name}`})
		}
	}
}

/** An edit during a command: what it changes is what must stand now. */
function editWhile(clone: Clone, edit: Edit, must: Map<string, Seen>): void {
	const before = clone.files()
	clone.edit(edit)
	const after = clone.files()
	for (const path of before.keys()) if (!after.has(path)) must.delete(path)
	for (const [path, seen] of after) if (before.get(path)?.what !== seen.what) must.set(path, seen)
}

function checkStatus(clone: Clone, {status, lines, failed}: Said): void {
	const isPartial = [...lines.values()].includes('C') || failed.size > 0
	if (isPartial !== status > 0) throw new Violation(`a command of ${clone.name} ended with status ${status}`)
}

const isIn = (path: string, paths: readonly string[] | undefined): boolean =>
	!paths || paths.some((p) => path === p || path.startsWith(`${p}/`))

const hasBackup = (after: Snapshot, path: string, what: string): boolean =>
	[...after].some(([other, seen]) => seen.what === what && withoutBackup(other) === path)

/** A path without the suffixes of backups, that of a file or of a directory that it lies in. */
const withoutBackup = (path: string): string => path.replace(/~+(?=\/|$)/g, '')

const md5Of = (what: string): string =>
	createHash('md5')
		.update(what.slice(what.indexOf(':') + 1))
		.digest('hex')
