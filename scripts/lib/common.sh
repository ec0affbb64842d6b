# shellcheck shell=bash
# What every script here needs: where the project is, and how to speak to the person who runs it.

# shellcheck disable=SC2034  # for those who source this
root=$(cd -P "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# Progress goes to stderr: a script's stdout belongs to the program that it starts.
say() { printf '%s\n' "$bold$*$plain" >&2; }
note() { printf '%s\n' "$*" >&2; }
fail() {
    printf '%s\n' "${red}error: $1$plain" >&2
    shift
    [[ $# -eq 0 ]] || printf '  %s\n' "$@" >&2
    exit 1
}
bold='' red='' plain=''
if [[ -t 2 && -z ${NO_COLOR:-} ]]; then
    bold=$'\033[1m' red=$'\033[1;31m' plain=$'\033[0m'
fi

# have COMMAND: whether it can be run.
have() { command -v "$1" >/dev/null; }

# logged FILE COMMAND…: what it prints goes to FILE, and is shown too where a person watches, or, at
# its end, if it failed.
logged() {
    local log=$1 status=0
    shift
    mkdir -p "$(dirname "$log")"
    if [[ -t 2 ]]; then
        "$@" 2>&1 | tee "$log" >&2 || status=$?
    else
        "$@" >"$log" 2>&1 || status=$?
        [[ $status -eq 0 ]] || tail -n 40 "$log" >&2
    fi
    return "$status"
}

# The header of the script: its comment after the first line, as its help.
print_header() { sed -n '2,/^[^#]/{/^#/!q;s/^# \{0,1\}//p}' "$1"; }

# project_files PATTERN…: the project's own files, those not yet added to git too, one a line, relative
# to $root. In a copy without git: all but what is built or installed.
project_files() {
    local pattern names=()
    if have git && git -C "$root" rev-parse --is-inside-work-tree >/dev/null 2>&1; then
        git -C "$root" ls-files --cached --others --exclude-standard --deduplicate -- "$@" |
            while read -r pattern; do
                [[ ! -f $root/$pattern ]] || echo "$pattern"
            done
        return
    fi
    for pattern in "$@"; do
        names+=(-o -path "./$pattern")
    done
    (cd "$root" && find . \( -path ./build -o -path ./node_modules -o -path ./.git \) -prune -o \
        -type f \( "${names[@]:1}" \) -print | cut -c 3-)
}
