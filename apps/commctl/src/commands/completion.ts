/** `commctl completion`: the completion scripts of shells, which call `commctl __complete`. */
import type { CommandRow, Session } from '../cli/command.ts'

const bash = `# Completion of commctl for bash. Load it with: source <(commctl completion bash)
_commctl() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == ':files' ]]; then
      compopt -o default 2>/dev/null
    else
      COMPREPLY+=("\${line%%$'\\t'*}")
    fi
  done < <(commctl __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _commctl commctl`

const zsh = `#compdef commctl
# Completion of commctl for zsh. Load it with: source <(commctl completion zsh)
_commctl() {
  local line
  local -a candidates
  for line in "\${(@f)$(commctl __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    if [[ $line == ':files' ]]; then
      _files
    elif [[ -n $line ]]; then
      candidates+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
    fi
  done
  (( \${#candidates} )) && _describe commctl candidates
}
if [[ \${funcstack[1]} == _commctl ]]; then
  _commctl "$@"
else
  compdef _commctl commctl
fi`

const fish = `# Completion of commctl for fish. Load it with: commctl completion fish | source
function __commctl_candidates
    set -l words (commandline -opc) (commandline -ct)
    for line in (commctl __complete $words[2..-1] 2>/dev/null)
        if test "$line" = ':files'
            __fish_complete_path (commandline -ct)
        else
            echo $line
        end
    end
end
complete -c commctl -f -a '(__commctl_candidates)'`

const scripts: Readonly<Record<string, string>> = { bash, zsh, fish }

/** Prints the script for one shell. */
export const completion = {
  description:
    'Prints the script by which a shell completes commctl: commands, options, and the names of clusters, hosts, networks ' +
    'and container managers, for which it asks the server.',
  arguments: [{ name: 'SHELL', text: 'the shell', choices: Object.keys(scripts) }],
  examples: [
    'source <(commctl completion bash)',
    'commctl completion zsh > ~/.zfunc/_commctl',
    'commctl completion fish > ~/.config/fish/completions/commctl.fish',
  ],
  run: ({ parsed, print }: Session) => {
    print(scripts[parsed.one('SHELL')] ?? '')
    return 0
  },
} satisfies Partial<CommandRow>
