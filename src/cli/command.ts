// What a file in commands/ exports, and what it is called with.

import type {Path} from '../base/path.ts'
import type {OpenStore} from '../store/open.ts'
import type {Io} from './io.ts'

type BooleanFlag = {
	readonly type: 'boolean'
	/** One character: `v` for `-v`. */
	readonly short?: string
	readonly help: string
	/** Given several times it counts: the value is a number. */
	readonly count?: true
	/** `--no-x` is understood too, and means false (0 where it counts). */
	readonly negatable?: true
}
type StringFlag = {
	readonly type: 'string'
	readonly short?: string
	readonly help: string
	/** The name of the value in `-h` and in the manual, without its angle brackets. */
	readonly arg: string
	/** Given several times all values are kept: the value is a list. */
	readonly multiple?: true
}
export type Flag = BooleanFlag | StringFlag

/** The options of a command by their long names, in the order of the manual. */
export type Flags = Readonly<Record<string, Flag>>

type Value<F extends Flag> = F extends {readonly count: true}
	? number
	: F extends {readonly multiple: true}
		? readonly string[]
		: F['type'] extends 'boolean'
			? boolean
			: string
export type Values<F extends Flags> = {readonly [K in keyof F]?: Value<F[K]>}

/** One option as it stood on the command line; one that takes no value has ''. */
export type Ordered = {readonly name: string; readonly value: string}

export type Context = {
	readonly io: Io
	/** The current directory, absolute, without a final '/' (but for the root's). */
	readonly cwd: Path
	readonly env: NodeJS.ProcessEnv
	/**
	 * Aborted by SIGINT, SIGTERM and SIGHUP: finish what must be finished, then throw (anything), which ends
	 * in the status of the signal, or resolve if all was done in spite of it.
	 */
	readonly signal: AbortSignal
	/** The process's file mode creation mask. */
	readonly umask: number
	/** All commands, for those that speak of others. */
	readonly table: Table
	/** Opens stores in place of src/store/open.ts. */
	readonly openStore?: OpenStore | undefined
}

export type Command<F extends Flags = Flags> = {
	readonly name: string
	/** One line, as the manual's NAME section has it. */
	readonly summary: string
	/** What follows `s3r <name>`, one line for each way of calling. */
	readonly synopsis: readonly string[]
	readonly flags: F
	/** The least and the greatest number of operands; any number where it is absent. */
	readonly arity?: readonly [least: number, most: number]
	/** The arguments are not options of ours but another program's: all of them are operands. */
	readonly raw?: true
	/**
	 * Does the work and resolves to the exit status. Arguments are byte strings. `ordered` holds every
	 * option in the order of the command line: the order of filter rules matters.
	 */
	run(
		context: Context,
		flags: Values<F>,
		args: readonly string[],
		ordered: readonly Ordered[],
	): Promise<number>
}

/** Identity, so that a command file need not write out the type of its `flags`. */
export const command = <const F extends Flags>(c: Command<F>): Command<F> => c

export type Group = 'porcelain' | 'plumbing' | 'helper'
export type Row = {
	readonly group: Group
	readonly summary: string
	load(): Promise<{readonly default: Command}>
}

/** The commands by name; a command's file is loaded when it is called. */
export type Table = Readonly<Record<string, Row>>
