// The two files that AWS's tools share: what they say of a profile.
// https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html

import {readFile} from 'node:fs/promises'
import {homedir} from 'node:os'
import {join} from 'node:path'
import {errnoOf, fatal, reason} from '../base/errors.ts'

export type Section = ReadonlyMap<string, string>
export type Sections = ReadonlyMap<string, Section>

const homeOf = (env: NodeJS.ProcessEnv): string => env['HOME'] || homedir()

/** ~/.aws/config, or where the environment says that it is. */
export const readAwsConfig = (env: NodeJS.ProcessEnv): Promise<Sections> =>
	readSections(env['AWS_CONFIG_FILE'] || '~/.aws/config', homeOf(env))

/** ~/.aws/credentials, or where the environment says that it is. */
export const readAwsCredentials = (env: NodeJS.ProcessEnv): Promise<Sections> =>
	readSections(env['AWS_SHARED_CREDENTIALS_FILE'] || '~/.aws/credentials', homeOf(env))

/** What the config file says of a profile. */
export const profileIn = (config: Sections, profile: string): Section | undefined =>
	config.get(`profile ${profile}`) ?? (profile === 'default' ? config.get('default') : undefined)

/** The sections of a file, none if it is not there; rejects with 'fatal' if it cannot be read. */
async function readSections(name: string, home: string): Promise<Sections> {
	const file = name.startsWith('~/') ? join(home, name.slice(2)) : name
	try {
		return sectionsOf(await readFile(file, 'utf8'))
	} catch (error) {
		if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return new Map()
		throw fatal(`cannot read '${file}': ${reason(error)}`, undefined, error)
	}
}

/** The sections of a text. A key indented under another is named `outer.inner`. */
function sectionsOf(text: string): Sections {
	const sections = new Map<string, Map<string, string>>()
	let section = new Map<string, string>()
	let outer = ''
	for (const line of text.split(/\r?\n/)) {
		const header = /^\s*\[\s*(?:(\S+)\s+)?["']?([^\]"']+?)["']?\s*\]/.exec(line)
		const entry = /^(\s*)([^#;=\s][^=]*?)\s*=\s*(.*?)\s*$/.exec(line)
		if (header !== null) {
			const name = [header[1], header[2]].filter((word) => word !== undefined).join(' ')
			sections.set(name, (section = sections.get(name) ?? new Map<string, string>()))
		} else if (entry !== null) {
			const [, indent = '', key = '', value = ''] = entry
			if (indent === '') outer = key
			section.set(indent === '' ? key : `${outer}.${key}`, value.replace(/\s[#;].*$/, ''))
		}
	}
	return sections
}
