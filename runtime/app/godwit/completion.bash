# Completion of godwit for bash: verbs, flags, job types, jobs and hosts, from the command itself.
# shellcheck shell=bash
_godwit() {
  mapfile -t COMPREPLY < <(godwit complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  [[ ${#COMPREPLY[@]} -ne 1 || ${COMPREPLY[0]} != *= ]] || compopt -o nospace
}
complete -o default -F _godwit godwit
