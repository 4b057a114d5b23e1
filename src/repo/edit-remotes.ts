// Remotes of the config that are added, renamed, moved and taken out. What an index knows of a remote goes
// before the config changes: whoever is killed in between has an index that knows too little, never one that
// takes a remote for another.

import {mkdirSync, renameSync, rmSync} from 'node:fs'
import {fatal, usage} from '../base/errors.ts'
import {forFs} from '../base/path.ts'
import {shown} from '../base/quote.ts'
import {type Config, parseConfig, remoteValues} from '../format/config.ts'
import {parseKey, removeSection, renameSection, setValue, unsetValue} from '../format/config-text.ts'
import {localSides} from '../format/index-builder.ts'
import type {Remote} from '../format/remote.ts'
import {indexDirOf, join, type Place} from './find.ts'
import {configFile, placeOfRemote, readConfigText, writeConfigText} from './remotes.ts'
import {lockIndex} from './index-lock.ts'
import {IndexSession} from './session.ts'

/** The config of a local side alone, without the user's. */
export const ownConfig = (place: Place): Config =>
	parseConfig(readConfigText(configFile(place)), configFile(place))

/** The remote of this name; fatal where there is none. */
export function requireConfigured(place: Place, name: string): Remote {
	const {remotes} = ownConfig(place)
	const remote = remotes.get(name)
	if (remote) return remote
	const names = [...remotes.keys()]
	throw fatal(
		`no remote is called ${shown(name)}`,
		names.length > 0 ? `there is ${names.join(', ')}` : undefined,
	)
}

/** A usage error for what cannot be the name of a remote: it stands in paths, and before a ':' in arguments. */
function checkName(name: string): void {
	if (!/^[A-Za-z0-9][\w.-]*$/.test(name) || name.includes('..'))
		throw usage(`${shown(name)} cannot be the name of a remote`, "letters, digits, '-', '_' and '.' can")
}

function checkFree(place: Place, name: string): void {
	checkName(name)
	if (ownConfig(place).remotes.has(name)) throw fatal(`there is a remote called ${shown(name)} already`)
}

const sectionOf = (name: string) => ({section: 'remote', subsection: name})

/** Changes the text of the config. */
function edit(place: Place, change: (text: string, file: string) => string): void {
	const file = configFile(place)
	writeConfigText(file, change(readConfigText(file), file))
}

export function addRemote(place: Place, name: string, remote: Remote): void {
	checkFree(place, name)
	const {indexDir} = placeOfRemote(place, {name, remote})
	if (indexDir !== undefined) rmSync(forFs(indexDir), {recursive: true, force: true})
	edit(place, (text, file) =>
		remoteValues(name, remote).reduce((at, [key, value]) => setValue(at, parseKey(key), value, file), text),
	)
}

export async function removeRemote(place: Place, name: string, signal: AbortSignal): Promise<void> {
	await forgetRemote(place, name, signal)
	edit(place, (text, file) => removeSection(text, sectionOf(name), file))
}

/** Lets a remote be another bucket or prefix: what is known of the old one does not hold there. */
export async function moveRemote(place: Place, name: string, to: Remote, signal: AbortSignal): Promise<void> {
	const {bucket, prefix} = requireConfigured(place, name)
	if (bucket !== to.bucket || prefix !== to.prefix) await forgetRemote(place, name, signal)
	edit(place, (text, file) => {
		// what was found out of the old place, and its prefix, do not hold for the new one
		const cleared = ['conditional', 'prefix'].reduce(
			(at, key) => unsetValue(at, parseKey(`remote.${name}.${key}`), file),
			text,
		)
		return remoteValues(name, to).reduce(
			(at, [key, value]) => setValue(at, parseKey(key), value, file),
			cleared,
		)
	})
}

export async function renameRemote(
	place: Place,
	from: string,
	to: string,
	signal: AbortSignal,
): Promise<void> {
	const remote = requireConfigured(place, from)
	checkFree(place, to)
	const source = placeOfRemote(place, {name: from, remote})
	const target = indexDirOf(placeOfRemote(place, {name: to, remote}))
	const session = await IndexSession.open(source, {signal})
	try {
		if (target !== place.dir) rmSync(forFs(target), {recursive: true, force: true})
		mkdirSync(forFs(target), {recursive: true, mode: 0o700})
		for (const name of ['uploads', 'index']) moveInto(indexDirOf(source), target, name)
	} finally {
		session.close()
	}
	if (source.indexDir !== undefined) rmSync(forFs(source.indexDir), {recursive: true, force: true})
	edit(place, (text, file) => renameSection(text, sectionOf(from), sectionOf(to), file))
}

function moveInto(from: string, to: string, name: string): void {
	rmSync(forFs(join(to, name)), {recursive: true, force: true})
	try {
		renameSync(forFs(join(from, name)), forFs(join(to, name)))
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
	}
}

/** Drops all that an index knows of a remote; that of the files stays in `origin`'s. */
async function forgetRemote(place: Place, name: string, signal: AbortSignal): Promise<void> {
	const at = placeOfRemote(place, {name, remote: requireConfigured(place, name)})
	if (at.indexDir !== undefined) {
		const lock = await lockIndex(at, signal)
		rmSync(forFs(at.indexDir), {recursive: true, force: true})
		lock.release()
		return
	}
	const session = await IndexSession.open(at, {signal})
	try {
		session.adopt(localSides(session.index))
		session.save()
		rmSync(forFs(join(at.dir, 'uploads')), {recursive: true, force: true})
	} finally {
		session.close()
	}
}
