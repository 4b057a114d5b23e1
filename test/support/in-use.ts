// How much memory this process has in use.

import {setFlagsFromString} from 'node:v8'
import {runInNewContext} from 'node:vm'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

/** Bytes that are in use, on the heap and beside it. */
export function inUse(): number {
	// what one finds is given back beside it, and the next one waits for that
	for (let i = 0; i < 3; i++) collect()
	const {heapUsed, arrayBuffers} = process.memoryUsage()
	return heapUsed + arrayBuffers
}
