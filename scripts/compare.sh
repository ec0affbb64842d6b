#!/usr/bin/env bash
# Compares the three stacks: Flask-SocketIO, FastAPI and C++.
#
#   scripts/compare.sh [--quick] [--no-conversations] [--output FOLDER]
#   scripts/compare.sh --fault NAME
#
# Installs what is missing, compiles what has changed, starts the three servers on free ports, plays
# the conversations of tests/conformance, puts the same loads on each, one after the other, stops
# them, and writes build/compare/report.html (one file, to be opened in a browser) and report.md.
#
#   --quick               under a minute instead of about ten: each load once, and short.
#   --no-conversations    measure only.
#   --output FOLDER       where the reports go, instead of build/compare.
#   --fault NAME          play one fault of the Python version on FastAPI and on C++, and show the
#                         two transcripts side by side.
#   --list-faults         the names of the faults, and what each is.
#   --help                this text.
#
# Exit status: 0 if every stack behaves as its list of known failures says, 1 if not.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/setup.sh"
# shellcheck source-path=SCRIPTDIR source=lib/build.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/build.sh"

# Debian's own: another python3 on the PATH lacks Debian's packages.
python=/usr/bin/python3
faults=$root/tests/conformance/faults
fault=
arguments=()
while [[ $# -gt 0 ]]; do
    case $1 in
        -h | --help)
            print_header "$0"
            exit 0
            ;;
        --list-faults)
            for file in "$faults"/*.chat; do
                printf '%-24s %s\n' "$(basename "$file" .chat)" "$(sed -n '1s/^# *//p' "$file")"
            done
            exit 0
            ;;
        --fault)
            fault=${2:-}
            [[ -f $faults/$fault.chat ]] || fail "no fault is named '$fault'" \
                "scripts/compare.sh --list-faults says which there are."
            shift
            ;;
        --output)
            [[ -n ${2:-} ]] || fail "--output needs a folder"
            arguments+=(--output "$(realpath -m -- "$2")")
            shift
            ;;
        --quick | --no-conversations) arguments+=("$1") ;;
        *) fail "unknown option $1" "scripts/compare.sh --help lists them." ;;
    esac
    shift
done

set_up stacks
if [[ -n $fault ]]; then
    build release chapter08 || exit 1
    exec "$python" "$root/tests/conformance/run.py" --fault "$fault" --stack fastapi --stack cpp
fi
build release chapter08 chat_load || exit 1
cd "$root/scripts"
exec "$python" -m compare "${arguments[@]}"
