// A transcript is a text file of shell commands and what they print:
//
//	#! store                    first line, if the commands need an S3 server
//	# a sentence names the steps that follow
//	$ s3r push                  a command, run by bash in the transcript's own directory
//	> --dry-run                 and its next line
//	A 100644 ...                its stdout
//	2> fatal: ...               its stderr
//	[1]                         its exit status, when it is not 0
//
// The comparison is exact. `{{...}}` in a line of output is a regular expression for what varies; a
// line that is empty, or looks like one of the above, begins with `{{}}`. The line `\ no newline` is
// the end of an output without one. Empty lines separate steps.

export type Output = {
	/** Each line, without its newline. */
	readonly stdout: readonly string[]
	readonly stderr: readonly string[]
	readonly status: number
}
export type Step = Output & {readonly title: string; readonly command: string}
export type Transcript = {readonly store: boolean; readonly steps: readonly Step[]}

/** Reads a transcript; throws for one that asserts nothing. */
export function parseTranscript(text: string): Transcript {
	const lines = text.split('\n')
	const store = lines[0] === '#! store'
	const steps: {title: string; command: string; stdout: string[]; stderr: string[]; status: number}[] = []
	let title = ''
	let inCommand = false
	for (const line of store ? lines.slice(1) : lines) {
		const step = steps.at(-1)
		if (line.startsWith('# ')) title = line.slice(2)
		else if (line.startsWith('$ ')) {
			steps.push({title, command: line.slice(2), stdout: [], stderr: [], status: 0})
			inCommand = true
			continue
		} else if (line === '') {
			inCommand = false
			continue
		} else if (step === undefined) throw new Error(`output before any command: ${line}`)
		else if (inCommand && line.startsWith('> ')) {
			step.command += `\n${line.slice(2)}`
			continue
		} else if (line.startsWith('2> ')) step.stderr.push(line.slice(3))
		else if (/^\[\d+\]$/.test(line)) step.status = Number(line.slice(1, -1))
		else step.stdout.push(line)
		inCommand = false
	}
	if (steps.length === 0) throw new Error('a transcript without a command')
	return {store, steps}
}

/** The lines of an output, as a transcript writes them. */
export function outputLines(text: string): string[] {
	if (text === '') return []
	const lines = text.split('\n')
	if (lines.at(-1) === '') lines.pop()
	else lines.push('\\ no newline')
	return lines
}

/** Whether the output is what the step expects. */
export const matches = (step: Output, actual: Output): boolean =>
	step.status === actual.status &&
	linesMatch(step.stdout, actual.stdout) &&
	linesMatch(step.stderr, actual.stderr)

const linesMatch = (expected: readonly string[], actual: readonly string[]) =>
	expected.length === actual.length && expected.every((line, i) => pattern(line).test(actual[i] ?? ''))

/** `a {{\d+}} b` as a regular expression for the whole line. */
function pattern(line: string): RegExp {
	const pieces = line.split(/\{\{(.*?)\}\}/)
	const source = pieces.map((p, i) => (i % 2 === 0 ? p.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&') : `(?:${p})`))
	return new RegExp(`^${source.join('')}$`)
}

/** An output as a transcript has it, to be shown or pasted. */
export function formatOutput({stdout, stderr, status}: Output): string {
	const out = stdout.map((line) => (/^$|^[#$>] |^2> |^\[\d+\]$/.test(line) ? `{{}}${line}` : line))
	const err = stderr.map((line) => `2> ${line}`)
	return [...out, ...err, ...(status === 0 ? [] : [`[${status}]`])].join('\n')
}
