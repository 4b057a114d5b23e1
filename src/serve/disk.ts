// The directory that is the store: one directory a bucket, and a lock.

import {randomBytes} from 'node:crypto'
import {existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {errnoOf, fatal, reason} from '../base/errors.ts'
import {Bucket} from './bucket.ts'
import type {BucketInfo} from './model.ts'

const isRunning = (pid: number): boolean => {
	try {
		return process.kill(pid, 0)
	} catch (error) {
		return errnoOf(error) === 'EPERM'
	}
}

/** Takes the root for this process; a lock whose process is gone is taken over. */
function lock(path: string): void {
	try {
		writeFileSync(path, `${process.pid}\n`, {flag: 'wx'})
	} catch (error) {
		if (errnoOf(error) !== 'EEXIST') throw error
		const pid = Number(readFileSync(path, 'latin1'))
		if (pid !== process.pid && pid > 0 && isRunning(pid))
			throw fatal(`'${path}' is held by process ${pid}`, 'give each server a --root of its own', error)
		rmSync(path)
		lock(path)
	}
}

export class Disk {
	readonly buckets = new Map<string, Bucket>()
	readonly #root: string
	readonly #durable: boolean

	/** Opens the store in `root`, which is made if it is not there. */
	constructor(root: string, durable: boolean) {
		this.#root = root
		this.#durable = durable
		try {
			mkdirSync(root, {recursive: true})
			lock(join(root, '.lock'))
		} catch (error) {
			if (errnoOf(error) === undefined) throw error
			throw fatal(`cannot serve '${root}': ${reason(error)}`, undefined, error)
		}
		for (const entry of readdirSync(root, {withFileTypes: true}))
			if (/^\.(new|old)-/.test(entry.name)) rmSync(join(root, entry.name), {recursive: true})
			else if (existsSync(join(root, entry.name, 'log')))
				this.buckets.set(entry.name, new Bucket(root, entry.name, durable))
	}

	create(name: string, info: BucketInfo): Bucket {
		const bucket = Bucket.create(this.#root, name, info, this.#durable)
		this.buckets.set(name, bucket)
		return bucket
	}

	/** Removes a bucket: it is gone when its directory has another name. */
	async remove(bucket: Bucket): Promise<void> {
		this.buckets.delete(bucket.name)
		const old = join(this.#root, `.old-${randomBytes(8).toString('hex')}`)
		renameSync(join(this.#root, bucket.name), old)
		await bucket.close()
		rmSync(old, {recursive: true})
	}

	async close(): Promise<void> {
		await Promise.all(Array.from(this.buckets.values(), (bucket) => bucket.close()))
		rmSync(join(this.#root, '.lock'))
	}
}
