/**
 * What shells are given once. The scripts know nothing of the commands: at each Tab they ask the program
 * (`izwi __complete`), whose first line says what else to offer (`files`, `folders` or `none`) and whose others are
 * values, each with a description after a tab where there is one.
 */
export const shells = ["bash", "zsh", "fish", "powershell"] as const;
export type Shell = (typeof shells)[number];

export const scripts: Record<Shell, string> = {
  bash: `# Completion of izwi for bash. For every new shell: izwi completions bash > ~/.local/share/bash-completion/completions/izwi
_izwi() {
  local kind="" line current="\${COMP_WORDS[COMP_CWORD]}"
  [[ $current == "=" ]] && current=""
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ -z $kind ]]; then kind=$line; else COMPREPLY+=("\${line%%$'\\t'*}"); fi
  done < <("\${COMP_WORDS[0]}" __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  local flag
  case $kind in
    files) flag=-f ;;
    folders) flag=-d ;;
    *) return 0 ;;
  esac
  while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen "$flag" -- "$current")
  compopt -o filenames 2>/dev/null
  return 0
}
complete -F _izwi izwi
`,
  zsh: `#compdef izwi
# Completion of izwi for zsh. For every new shell: izwi completions zsh > "\${fpath[1]}/_izwi"
_izwi() {
  local kind line
  local -a lines values shown
  lines=("\${(@f)$("\${words[1]}" __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  kind=\${lines[1]}
  for line in "\${(@)lines[2,-1]}"; do
    [[ -n $line ]] || continue
    values+=("\${line%%$'\\t'*}")
    if [[ $line == *$'\\t'* ]]; then
      shown+=("\${line%%$'\\t'*}  -- \${line#*$'\\t'}")
    else
      shown+=("$line")
    fi
  done
  (( \${#values} )) && compadd -l -d shown -a values
  case $kind in
    files) _files ;;
    folders) _files -/ ;;
  esac
}
if [[ \${funcstack[1]} == _izwi ]]; then
  _izwi "$@"
else
  compdef _izwi izwi
fi
`,
  fish: `# Completion of izwi for fish. For every new shell: izwi completions fish > ~/.config/fish/completions/izwi.fish
function __izwi_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program $words[1]
    set -e words[1]
    set -l lines (command $program __complete $words "$current" 2>/dev/null)
    test (count $lines) -gt 0; or return
    set -l kind $lines[1]
    set -e lines[1]
    for line in $lines
        echo $line
    end
    switch $kind
        case files
            __fish_complete_path "$current"
        case folders
            __fish_complete_directories "$current" ''
    end
end
complete -c izwi -f -a '(__izwi_complete)'
`,
  powershell: `# Completion of izwi for PowerShell. For every new shell, in $PROFILE: izwi completions powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName izwi -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @($commandAst.CommandElements | Select-Object -Skip 1 |
        Where-Object { $_.Extent.StartOffset -lt $cursorPosition } | ForEach-Object { $_.Extent.Text })
    # Older versions lose an empty word on the way to a program.
    if ($wordToComplete -eq '') { $words = @('--new-word') + $words }
    @(& izwi __complete @words 2>$null) | Select-Object -Skip 1 | ForEach-Object {
        $value, $description = $_ -split "\`t", 2
        if (-not $description) { $description = $value }
        [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $description)
    }
}
`,
};
