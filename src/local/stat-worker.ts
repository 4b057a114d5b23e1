// The thread of ahead.ts.

import {workerData} from 'node:worker_threads'
import {native} from './native.ts'
import {StatRing} from './stat-ring.ts'

const statAt = native()?.statAt
if (statAt !== undefined) new StatRing(workerData as SharedArrayBuffer).help(statAt)
