// The MD5 of one message that is in memory.

import {hash} from 'node:crypto'

/** 16 bytes. Of many small messages md5-lanes.ts takes less time. */
export const md5Of = (message: Buffer): Buffer => hash('md5', message, 'buffer')
