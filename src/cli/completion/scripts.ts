/** What a shell runs to ask for completions. Each calls the program that is being typed, whatever its path. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

const BASH = `# bash completion of tandem; in ~/.bashrc: source <(tandem completion bash)
_tandem() {
  local IFS=$'\\n'
  COMPREPLY=($("\${COMP_WORDS[0]}" __complete plain -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _tandem tandem odoo-tandem
`

const ZSH = `#compdef tandem odoo-tandem
# zsh completion of tandem; in ~/.zshrc, after compinit: source <(tandem completion zsh)
_tandem() {
  local -a found
  found=("\${(@f)$("\${words[1]}" __complete colon -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "\${found[1]}" ]]; then _describe tandem found; else _files; fi
}
compdef _tandem tandem odoo-tandem
`

const FISH = `# fish completion of tandem: tandem completion fish > ~/.config/fish/completions/tandem.fish
function __tandem_complete
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    set -l found ($words[1] __complete tab -- $words[2..] "$word" 2>/dev/null)
    if set -q found[1]
        printf '%s\\n' $found
    else
        __fish_complete_path "$word"
    end
end
complete -c tandem -f -a '(__tandem_complete)'
complete -c odoo-tandem -f -a '(__tandem_complete)'
`

export const SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH }
