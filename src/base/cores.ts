// How many threads this process may have at work.

import {availableParallelism} from 'node:os'

/** More threads than this gain nothing: the main thread has its part of every file. */
const MOST = 4

/** How many of these cores threads of ours can keep busy. */
export const usableCores = (cores = availableParallelism()): number => Math.min(cores, MOST)

/** Whether there is a core for a thread beside the main one. A system call: who asks often keeps the answer. */
export const hasCoreBeside = (): boolean => availableParallelism() > 1
