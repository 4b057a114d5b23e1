// fast-check, beginning at the seed of all generated cases.

import * as fc from 'fast-check'
import {SEED} from './seed.ts'

fc.configureGlobal({seed: SEED})

export * from 'fast-check'
