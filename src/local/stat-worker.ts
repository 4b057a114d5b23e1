// The thread of ahead.ts.

import {workerData} from 'node:worker_threads'
import {native} from './native.ts'
import {StatRing} from './stat-ring.ts'

const ring = new StatRing(workerData as SharedArrayBuffer)
const statAt = ring.load(() => native()?.statAt)
if (statAt !== undefined) ring.help(statAt)
