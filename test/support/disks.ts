// Real file systems with a bad side: small, under a quota, broken, or blind to case. They are images on a loop
// device, so they need root and programs that are not everywhere.

import {execFileSync, spawnSync} from 'node:child_process'
import * as fs from 'node:fs'
import {tmpdir} from 'node:os'
import {basename, join} from 'node:path'
import type {ExecutionContext} from 'ava'

const MIB = 2 ** 20

/** What cannot be had here; the test says so and does nothing more. */
export class Unavailable extends Error {}

/** Runs a program; where it is not there, or fails, there is no such disk here. */
export function tool(name: string, ...args: readonly string[]): string {
	const {status, stdout, stderr, error} = spawnSync(name, args, {
		encoding: 'utf8',
		env: {...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin`},
	})
	if (status === 0) return stdout
	throw new Unavailable(`${name} ${args.join(' ')}: ${error?.message ?? stderr.trim()}`)
}

/** Runs `use` with a disk, or says why the test is skipped; a failing `tool` inside of `use` skips it too. */
export async function withDisk(t: ExecutionContext, use: (disk: Disk) => Promise<void>): Promise<void> {
	const disk = new Disk()
	try {
		await use(disk)
	} catch (error) {
		if (!(error instanceof Unavailable)) throw error
		t.log(`SKIPPED, for there is no such disk here: ${error.message}`)
		t.pass()
	} finally {
		disk.remove()
	}
}

export class Disk {
	readonly #base = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), 's3r-disk-')))
	readonly image = join(this.#base, 'image')
	/** Where it is mounted. */
	readonly root = join(this.#base, 'root')
	#device: string | undefined
	#mounted = false

	constructor() {
		fs.mkdirSync(this.root)
	}

	/** Makes the image, of some MiB, with a program that makes file systems. */
	make(mib: number, mkfs: string, ...args: readonly string[]): void {
		fs.writeFileSync(this.image, '')
		fs.truncateSync(this.image, mib * MIB)
		tool(mkfs, ...args, this.image)
	}

	/** Mounts the image; `program` instead of mount(8). */
	mount(args: readonly string[] = [], program = 'mount'): void {
		this.#device ??= tool('losetup', '-f', '--show', this.image).trim()
		tool(program, ...args, this.#device, this.root)
		this.#mounted = true
	}

	/** Mounts a tmpfs of this size, or again with another. */
	memory(...options: readonly string[]): void {
		tool('mount', '-t', 'tmpfs', '-o', options.join(','), 'none', this.root)
		this.#mounted = true
	}

	unmount(): void {
		if (this.#mounted) execFileSync('umount', [this.root])
		this.#mounted = false
	}

	/** What the kernel calls the device. */
	get device(): string {
		return basename(this.#device ?? '')
	}

	remove(): void {
		this.unmount()
		if (this.#device !== undefined) execFileSync('losetup', ['-d', this.#device])
		fs.rmSync(this.#base, {recursive: true, force: true})
	}
}
