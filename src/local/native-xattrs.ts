// The extended attributes of a file, by libc's calls.

import {errnoOf} from '../base/errors.ts'
import {type Abi, type Caller, terminated} from './libc.ts'
import type {Native} from './native.ts'

/** None of these follows a symlink. */
export function xattrCalls(
	call: Caller,
	abi: Abi,
): Pick<Native, 'listXattrs' | 'getXattr' | 'setXattr' | 'removeXattr'> {
	const [list, get, set, remove] = [call('list'), call('get'), call('set'), call('remove')]
	return {
		listXattrs: (file) =>
			whole((buffer) => list(file, buffer, buffer?.length ?? 0, ...abi.xattr.list))
				.toString('latin1')
				.split('\0')
				.slice(0, -1),
		getXattr(file, name) {
			try {
				return whole((value) => get(file, terminated(name), value, value?.length ?? 0, ...abi.xattr.get))
			} catch (error) {
				if (ABSENT.has(errnoOf(error) ?? '')) return undefined
				throw error
			}
		},
		setXattr: (file, name, value) => void set(file, terminated(name), value, value.length, ...abi.xattr.set),
		removeXattr: (file, name) => void remove(file, terminated(name), ...abi.xattr.remove),
	}
}

/** An attribute that is not there: Linux, macOS. */
const ABSENT = new Set(['ENODATA', 'ENOATTR'])

/** The whole of what a call fills a buffer with, when asked for its length first; again if it grew meanwhile. */
function whole(fill: (buffer: Buffer | null) => number): Buffer {
	for (;;) {
		const buffer = Buffer.alloc(fill(null))
		if (buffer.length === 0) return buffer
		try {
			return buffer.subarray(0, fill(buffer))
		} catch (error) {
			if (errnoOf(error) !== 'ERANGE') throw error
		}
	}
}
