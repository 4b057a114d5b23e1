// The receiving role: a client uploads. What is to come is asked for in the order of the list, and what comes is
// written meanwhile. See s3r-rsync(5), TRANSFER.

import {parentOf, type Path, ROOT} from '../../base/path.ts'
import {loadChecksum} from './checksum.ts'
import {Committer} from './committer.ts'
import type {ReceiverOptions} from './receiving.ts'
import {NO_VALUES, type Values} from './described.ts'
import {destinationOf} from './destination.ts'
import {RERR, RsyncError} from './errors.ts'
import {filterOf, readFilterList, Walk} from './filter.ts'
import type {FileList} from './flist.ts'
import {Generator} from './generator.ts'
import {Incoming} from './incoming.ts'
import {ITEM, readItem} from './item.ts'
import type {Line} from './line.ts'
import {NDX} from './ndx.ts'
import {receiveList} from './receive-list.ts'

const PIECE_LIMIT = 1 << 24

/** The role from the filter list on; resolves to the status. */
export async function receive(line: Line, how: ReceiverOptions): Promise<number> {
	const {options, protocol} = line
	refuse(line)
	const hasRules =
		options.pruneEmptyDirs ||
		(options.deleteMode !== undefined && (!options.deleteExcluded || protocol >= 29))
	const texts = hasRules ? await readFilterList(line.input) : []
	const listChecksum = await loadChecksum(line.agreed.listChecksum, protocol)
	const list = await receiveList(line, listChecksum.length)
	const {deleteExcluded} = options
	const filter = await filterOf(texts, {protocol, side: 'receiver', deleteExcluded})
	const destination = await destinationOf(options.paths[0]?.text ?? '', list.files, how.catalogue)
	const walk = new Walk(filter, (name) => how.catalogue.text(destination.base + name))
	if (list.hadOwn) line.info("s3r: what is in '.s3rsync' is left out: it belongs to this machine")
	if (options.pruneEmptyDirs) prune(list.files)
	return new Receiver(line, new Committer(line, how, {...list, destination, walk})).run()
}

/** Options that would need what objects have not. */
function refuse({options}: Line): void {
	const no = (name: string, instead: string) => {
		throw new RsyncError(
			RERR.unsupported,
			`the rsync option ${name} is not supported for a bucket: ${instead}`,
		)
	}
	if (options.keepDirlinks) no('--keep-dirlinks', 'links in a bucket are not followed')
}

class Receiver {
	readonly #line: Line
	readonly #commits: Committer
	readonly #generator: Generator
	readonly #incoming: Incoming
	#phase = 0

	constructor(line: Line, commits: Committer) {
		this.#line = line
		this.#commits = commits
		this.#generator = new Generator(commits)
		this.#incoming = new Incoming(commits)
	}

	async run(): Promise<number> {
		const {options} = this.#line
		try {
			await this.#commits.survey.run()
			await this.#commits.alternatives?.run()
			const early = options.deleteMode === 'before' || options.deleteMode === 'during'
			if (early) await this.#delete()
			const reading = this.#readAll()
			// what ends the reading ends the asking, and the other way round
			await Promise.all([reading, this.#askAll(early)])
			return this.#line.status
		} finally {
			await this.#commits.writer.abandon()
			this.#incoming.close()
		}
	}

	async #delete(): Promise<void> {
		if (this.#line.options.deleteMode !== undefined)
			await this.#commits.deleter.run(this.#commits.survey.sortedExtraneous())
	}

	/** Asks for all that is to come, and waits for it: the order of the numbers, then what must be asked for again. */
	async #askAll(hasDeleted: boolean): Promise<void> {
		const {output, options, protocol} = this.#line
		await this.#generator.walk()
		await this.#endPhase(1)
		const {redo} = this.#commits
		for (let action = redo.shift(); action; action = redo.shift()) this.#generator.askAgain(action)
		await this.#endPhase(2)
		if (protocol >= 29) await this.#endPhase(3)
		if (!hasDeleted) await this.#delete()
		if (protocol >= 31) {
			if (options.deleteMode !== undefined || options.force) {
				this.#line.writeNdx(NDX.delStats)
				for (const count of this.#commits.deleter.counts) output.varint(count)
			}
			await this.#endPhase(4)
		}
		this.#line.writeNdx(NDX.done)
		await output.flush()
	}

	#ended: (() => void) | undefined

	/** Says that nothing more is asked for in this phase, and waits until all of it has come and is written. */
	async #endPhase(phase: number): Promise<void> {
		const ended = new Promise<void>((resolve) => {
			this.#ended = resolve
		})
		if (this.#phase < phase) {
			this.#line.writeNdx(NDX.done)
			await this.#line.output.flush()
			await ended
		}
		await this.#commits.writer.settled()
		if (phase <= 2 && (phase === 2 || this.#commits.redo.length === 0)) this.#commits.failOrphans()
	}

	/** Reads what the client answers, until its last word. */
	async #readAll(): Promise<void> {
		const {input, numbersIn, protocol, options} = this.#line
		const phases = protocol >= 31 ? 4 : protocol >= 29 ? 3 : 2
		while (this.#phase < phases) {
			const ndx = await input.read((cursor) => numbersIn.read(cursor))
			if (ndx === NDX.done) {
				this.#phase++
				this.#ended?.()
				continue
			}
			const row = this.#commits.order[ndx]
			if (row === undefined || ndx < 0)
				throw new RsyncError(RERR.protocol, `file ${ndx} came, the list has none`)
			const item = await input.read((cursor) => readItem(cursor, protocol))
			const action = this.#commits.waiting.get(ndx)
			const came = this.#commits.asksXattrs(item.flags) ? await this.#readValues() : undefined
			const values = came ?? action?.values ?? NO_VALUES
			this.#commits.waiting.delete(ndx)
			if (!(item.flags & ITEM.transfer)) {
				if (action) await this.#commits.start(action, values)
			} else if (!options.dryRun) {
				if (!action)
					throw new RsyncError(RERR.protocol, `the content of file ${ndx} came, which was not asked for`)
				await this.#incoming.receive(action, values, this.#phase > 0)
			}
		}
	}

	/** The values of attributes that were asked for. */
	async #readValues(): Promise<Values> {
		const {input} = this.#line
		const values = new Map<number, Buffer>()
		for (let number = 0; ;) {
			const difference = await input.read((cursor) => cursor.varint())
			if (difference === 0) return values
			number += difference
			const length = await input.read((cursor) => cursor.varint())
			if (difference < 0 || length < 0 || length > PIECE_LIMIT)
				throw new RsyncError(RERR.protocol, `a value of ${length} bytes for attribute ${number}`)
			values.set(number, await input.take(length))
		}
	}
}

/** Drops directories that nothing but directories is in (-m). */
function prune(files: FileList): void {
	const needed = new Set<Path>([ROOT])
	for (let row = 0; row < files.count; row++)
		if (!files.isDirectory(row))
			for (let path = parentOf(files.path(row)); path !== '' && !needed.has(path); path = parentOf(path))
				needed.add(path)
	for (let row = 0; row < files.count; row++)
		if (files.isDirectory(row) && !needed.has(files.path(row))) files.drop(row)
}
