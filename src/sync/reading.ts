// What a file is and holds, for the index: its local side.

import type {Path} from '../base/path.ts'
import {type Local, TYPE, typeOf} from '../format/entry.ts'
import {SMALL} from '../local/read.ts'
import type {Stat} from '../local/stat.ts'
import type {LinkGroups} from './links.ts'
import type {ScanOptions} from './scan.ts'
import {contentMd5} from './unchanged.ts'

export class Reading {
	readonly #options: Pick<ScanOptions, 'contents' | 'unhashedBelow'>
	readonly #links: LinkGroups

	constructor(options: Pick<ScanOptions, 'contents' | 'unhashedBelow'>, links: LinkGroups) {
		this.#options = options
		this.#links = links
	}

	/** Whether the MD5 of a file is best taken with those of others. */
	isHashedWithOthers(stat: Stat, old: Local | undefined): boolean {
		const {mode, nlink, size} = stat
		if (this.#options.contents.hashEach === undefined || nlink > 1 || size >= SMALL) return false
		return typeOf(mode) === TYPE.file && !this.#isForLater(stat, old)
	}

	/** The local side of a file that was `old`, and of which the MD5 may be known. Throws what it is to read it. */
	localOf(path: Path, stat: Stat, old: Local | undefined, md5: string | undefined): Local {
		const {contents} = this.#options
		const type = typeOf(stat.mode)
		const isDevice = type === TYPE.charDevice || type === TYPE.blockDevice
		return {
			mode: stat.mode,
			size: type === TYPE.directory ? 0 : stat.size,
			mtime: stat.mtime,
			ctime: stat.ctime,
			ino: BigInt(stat.ino),
			uid: stat.uid,
			gid: stat.gid,
			md5:
				md5 ??
				this.#links.md5(stat) ??
				(this.#isForLater(stat, old) ? undefined : contentMd5(path, stat, contents)),
			rdev: isDevice ? `${stat.rdev.major}:${stat.rdev.minor}` : undefined,
			link: stat.nlink > 1 ? old?.link : undefined,
			xattrs: contents.xattrs ? contents.xattrs(path) : old?.xattrs,
		}
	}

	#isForLater({mode, size, nlink}: Stat, old: Local | undefined): boolean {
		const {unhashedBelow = 0} = this.#options
		// one that a push did not come to before it ended is as new
		return old?.md5 === undefined && size < unhashedBelow && nlink === 1 && typeOf(mode) === TYPE.file
	}
}
