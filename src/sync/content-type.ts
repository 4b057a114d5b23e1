// The Content-Type of a file, and whether compressing it can pay.

import mime from 'mime/lite'
import type {Path} from '../base/path.ts'
import {nameOf} from '../base/path.ts'
import {TYPE, typeOf} from '../format/entry.ts'

/** Suffixes of files that are compressed already (rsync's --skip-compress has the same purpose). */
const PACKED = new Set(
	(
		'3g2 3gp 7z aac ace apk avi avif bz2 cab deb dmg docx ear epub flac flv gif gpg gz heic heif iso jar jpeg jpg ' +
		'jxl lz lz4 lzma lzo m4a m4v mkv mov mp3 mp4 mpeg mpg msi odp ods odt oga ogg ogv opus pdf png pptx rar rpm ' +
		'rz squashfs sz tbz tgz tlz txz tzst war webm webp wma wmv woff woff2 xlsx xpi xz z zip zst'
	).split(' '),
)

const suffixOf = (path: Path): string => /\.([^./]+)$/.exec(nameOf(path))?.[1]?.toLowerCase() ?? ''

/** Whether a file of this name may become smaller. */
const isCompressible = (path: Path): boolean => !PACKED.has(suffixOf(path))

/** Whether gzip of a file of this name is sent, where that is smaller. */
export const isPacked = (path: Path, {compress}: {readonly compress?: boolean | undefined}): boolean =>
	compress === true && isCompressible(path)

/** What was found last: files of one directory often have one suffix. */
let last = {suffix: '', type: 'application/octet-stream'}

/** The Content-Type that an object of this file gets. */
export function contentTypeOf(path: Path, mode: number): string {
	const type = typeOf(mode)
	if (type === TYPE.directory) return 'application/x-directory'
	if (type !== TYPE.file) return 'application/octet-stream'
	const suffix = suffixOf(path)
	if (suffix !== last.suffix) last = {suffix, type: mime.getType(suffix) ?? 'application/octet-stream'}
	return last.type
}
