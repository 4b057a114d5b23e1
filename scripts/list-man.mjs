// Names every manual page in package.json, so that npm installs it.

import {readdirSync, readFileSync, writeFileSync} from 'node:fs'

const {directories: _, ...rest} = JSON.parse(readFileSync('package.json', 'utf8'))
const man = readdirSync('man')
	.filter((file) => /\.[157]$/.test(file))
	.toSorted()
	.map((file) => `man/${file}`)
writeFileSync('package.json', `${JSON.stringify({...rest, man}, undefined, 2)}\n`)
