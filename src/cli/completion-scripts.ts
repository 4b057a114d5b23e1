// What shells read to complete the words of s3r: each asks s3r itself, and does what its first line says.

export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

const BASH = `# s3r completion for bash: eval "$(s3r completion bash)"
_s3r() {
	local kind line
	COMPREPLY=()
	{
		read -r kind
		[ "$kind" = files ] && return
		[ "$kind" = keys ] && compopt -o filenames 2>/dev/null
		while IFS=$'\\t' read -r line _; do
			[[ $line == *[/:=] ]] && compopt -o nospace 2>/dev/null
			COMPREPLY+=("$line")
		done
	} < <(s3r completion --line "\${COMP_LINE:0:COMP_POINT}" --breaks "$COMP_WORDBREAKS" 2>/dev/null)
}
complete -o bashdefault -o default -F _s3r s3r`

const ZSH = `#compdef s3r
# s3r completion for zsh: eval "$(s3r completion zsh)", or in a file _s3r of $fpath
_s3r() {
	local -a lines texts shown open
	local line text about
	lines=("\${(@f)$(s3r completion --words -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
	[[ $lines[1] == files ]] && { _files; return }
	for line in "\${(@)lines[2,-1]}"; do
		text=\${line%%$'\\t'*} about=\${line#*$'\\t'}
		[[ $about == $line ]] && about=
		if [[ $text == *[/:=] ]]; then open+=("$text")
		else
			texts+=("$text")
			shown+=("\${text}\${about:+ -- $about}")
		fi
	done
	(( $#texts )) && compadd -l -d shown -a texts
	(( $#open )) && compadd -S '' -a open
}
compdef _s3r s3r 2>/dev/null`

const FISH = `# s3r completion for fish: s3r completion fish | source
function __s3r_complete
	set -l words (commandline -opc) (commandline -ct)
	set -l answer (s3r completion --words -- $words[2..] 2>/dev/null)
	if test "$answer[1]" = files
		__fish_complete_path (commandline -ct)
	else
		printf '%s\\n' $answer[2..]
	end
end
complete -c s3r -e
complete -c s3r -f -a '(__s3r_complete)'`

export const SCRIPTS: Readonly<Record<Shell, string>> = {bash: BASH, zsh: ZSH, fish: FISH}

/** The words of a line as a shell would read them, up to its end, where the last one is begun. */
export function splitLine(line: string): string[] {
	const words: string[] = []
	let word: string | undefined
	let quote = ''
	for (let at = 0; at < line.length; at++) {
		const char = line.charAt(at)
		if (char === '\\' && quote !== "'") word = (word ?? '') + line.charAt(++at)
		else if (quote === '' && /\s/.test(char)) {
			if (word !== undefined) words.push(word)
			word = undefined
		} else if (quote === '' ? char === '"' || char === "'" : char === quote) {
			quote = quote === '' ? char : ''
			word ??= ''
		} else word = (word ?? '') + char
	}
	return [...words, word ?? '']
}

/** How much of a word bash takes for words before it: it replaces only what is behind the last break. */
export function brokenAt(word: string, breaks: string): number {
	let at = 0
	for (let i = 0; i < word.length; i++)
		if (':='.includes(word.charAt(i)) && breaks.includes(word.charAt(i))) at = i + 1
	return at
}
