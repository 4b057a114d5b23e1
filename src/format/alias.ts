// Objects whose keys say what they are: the links of rclone, and the marks that other tools make of
// directories. A listing shows them, so they have the path that their file has. See s3r-metadata(5), OTHER KEYS.

import {nameOf, type Path} from '../base/path.ts'

/** What rclone adds to the name of a symbolic link, whose object holds its target. */
export const RCLONE_LINK = '.rclonelink'
/** The mark that Hadoop and S3 Organizer make of a directory: an empty object. */
const FOLDER = '_$folder$'
/** s3sync.rb marks a directory by these 38 bytes, which a listing shows by their size and MD5. */
const S3SYNC = {size: 38, etag: 'd66759af42f282e1ba19144df2d405d0'}

type Listed = {readonly path: Path; readonly size: number; readonly etag: string}

/** Whether an object is s3sync.rb's mark of a directory. */
export const isS3syncDirectory = ({
	size,
	etag,
}: {
	readonly size?: number | undefined
	readonly etag?: string | undefined
}): boolean => size === S3SYNC.size && etag === S3SYNC.etag

/** The path of the file that an object with the key of `path` stands for, if that is another. */
export function aliasOf({path, size, etag}: Listed): Path | undefined {
	if (path.endsWith('/')) return undefined
	if (isS3syncDirectory({size, etag})) return `${path}/`
	const name = nameOf(path)
	if (size === 0 && name.endsWith(FOLDER) && name !== FOLDER) return `${path.slice(0, -FOLDER.length)}/`
	return name.endsWith(RCLONE_LINK) && name !== RCLONE_LINK ? path.slice(0, -RCLONE_LINK.length) : undefined
}
