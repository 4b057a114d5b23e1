// The thread of stat-thread.ts.

import {workerData} from 'node:worker_threads'
import {native} from './native.ts'
import {StatWindow} from './stat-window.ts'

const statAt = native()?.statAt
if (statAt !== undefined) new StatWindow(workerData as SharedArrayBuffer).help(statAt)
