// Signatures of large files that came, kept for the next version of each: a client is told the sums of the blocks, and
// sends what it has besides. They are kept by what their files were, whatever the name of it: see s3r-rsync(5), TRANSFER.

import {
	mkdirSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	statSync,
	utimesSync,
	writeFileSync,
} from 'node:fs'
import {Signer} from '../../algo/signature.ts'
import {blockLengthFor} from '../../algo/rolling.ts'
import {Heap} from '../../base/bytes.ts'
import {forFs, fromUnicode, type Path} from '../../base/path.ts'
import {decodeSignature, type Signature} from '../../format/signature.ts'
import {join} from '../../repo/find.ts'

/** Smaller files come whole: what is saved of one is not worth a request. */
export const SIGNED_FROM = 2 ** 20
/** Bytes of one signature, since it is held in memory: of a file of some 200 GB. */
const LARGEST = 32 * 2 ** 20
/** Bytes of a block's sums, and more than head and trailer have. */
const RECORD = 20
const AROUND = 64

/** What the bytes of a file were; MD5 in hex. */
export type Identity = {readonly md5: string; readonly size: number}

export class Signatures {
	readonly #directory: Path
	readonly #limit: number
	readonly #least: number
	/** Bytes of all that are kept, once they were counted; others may keep more meanwhile. */
	#total: number | undefined

	/** Keeps `limit` bytes at most in a directory, which need not exist, of files of at least so many bytes. */
	constructor(directory: Path, limit: number, least: number = SIGNED_FROM) {
		this.#directory = directory
		this.#limit = limit
		this.#least = least
	}

	/** The signature of a file, where there is one. */
	find(identity: Identity): Signature | undefined {
		if (identity.size < this.#least) return undefined
		const file = forFs(this.#file(identity))
		try {
			if (statSync(file).size > LARGEST) return undefined
			const signature = decodeSignature(readFileSync(file))
			const isIts = signature.size === identity.size && signature.md5.toString('hex') === identity.md5
			if (!isIts) throw new Error('it is of another file')
			// what is used stays longest
			const now = Date.now() / 1000
			utimesSync(file, now, now)
			return signature
		} catch {
			// there is none, or it is damaged: the file comes whole, and then there is one
			remove(file)
			return undefined
		}
	}

	/** Begins the signature of a file of about this size; undefined where it is not worth one. */
	begin(size: number): NewSignature | undefined {
		const blockLength = blockLengthFor(size)
		const expected = Math.ceil(size / blockLength) * RECORD + AROUND
		if (size < this.#least || expected > Math.min(LARGEST, this.#limit)) return undefined
		return new NewSignature(blockLength, (identity, bytes) => this.#keep(identity, bytes))
	}

	/** Forgets that of a file that is gone. */
	forget(identity: Identity): void {
		if (identity.size < this.#least) return
		const file = forFs(this.#file(identity))
		const bytes = statSync(file, {throwIfNoEntry: false})?.size
		if (bytes === undefined) return
		remove(file)
		if (this.#total !== undefined) this.#total -= bytes
	}

	#file({md5, size}: Identity): Path {
		return join(this.#directory, `${md5}-${size}`)
	}

	#keep(identity: Identity, bytes: Buffer): void {
		const file = this.#file(identity)
		const temporary = forFs(`${file}.${process.pid}.new`)
		try {
			mkdirSync(forFs(this.#directory), {recursive: true, mode: 0o700})
			this.#total ??= this.#all().reduce((sum, one) => sum + one.bytes, 0)
			this.#total += bytes.length
			if (this.#total > this.#limit) this.#makeRoom(bytes.length)
			writeFileSync(temporary, bytes, {mode: 0o600})
			renameSync(temporary, forFs(file))
		} catch {
			// a full disk: the next version of the file comes whole
			remove(temporary)
		}
	}

	/** Drops what was not used for the longest time, until so many bytes more are within the limit. */
	#makeRoom(more: number): void {
		const all = this.#all().toSorted((a, b) => a.used - b.used)
		let total = all.reduce((sum, one) => sum + one.bytes, more)
		for (const {name, bytes} of all) {
			if (total <= this.#limit) break
			remove(forFs(join(this.#directory, name)))
			total -= bytes
		}
		this.#total = total
	}

	#all(): readonly {readonly name: Path; readonly bytes: number; readonly used: number}[] {
		return readdirSync(forFs(this.#directory)).flatMap((text) => {
			const name = fromUnicode(text)
			const stat = statSync(forFs(join(this.#directory, name)), {throwIfNoEntry: false})
			return stat ? [{name, bytes: stat.size, used: stat.mtimeMs}] : []
		})
	}
}

/** The signature of a file that comes. */
export class NewSignature {
	readonly #signer: Signer
	readonly #bytes: Heap
	readonly #keep: (identity: Identity, bytes: Buffer) => void

	constructor(blockLength: number, keep: (identity: Identity, bytes: Buffer) => void) {
		this.#signer = new Signer(blockLength)
		this.#bytes = new Heap(this.#signer.head())
		this.#keep = keep
	}

	push(bytes: Buffer): void {
		// of a file that grew meanwhile there is no end to be kept
		if (this.#bytes.length <= LARGEST) this.#bytes.append(this.#signer.push(bytes))
	}

	/** Keeps it; `md5` is that of all bytes. What cannot be kept is not. */
	keep(md5: Buffer): void {
		const {size} = this.#signer
		this.#bytes.append(this.#signer.end(md5))
		if (this.#bytes.length > LARGEST) return
		this.#keep({md5: md5.toString('hex'), size}, this.#bytes.bytes)
	}
}

function remove(file: string | Buffer): void {
	try {
		rmSync(file, {force: true})
	} catch {
		// a directory that cannot be written any more: what is in it does no harm
	}
}
