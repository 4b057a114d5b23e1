// The thread of ahead.ts.

import {workerData} from 'node:worker_threads'
import {looking, StatRing} from './stat-ring.ts'

const ring = new StatRing(workerData as SharedArrayBuffer)
const looks = ring.load(looking)
if (looks !== undefined) ring.help(looks)
