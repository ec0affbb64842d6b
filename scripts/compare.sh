#!/usr/bin/env bash
# Compares the same chat in three frameworks: Flask-SocketIO, FastAPI and C++.
#
#   scripts/compare.sh [--quick | --long] [--no-conversations] [--output FOLDER]
#   scripts/compare.sh --against FOLDER [--output FOLDER]
#   scripts/compare.sh --chapter [--output FOLDER]
#   scripts/compare.sh --fault NAME [--corrected]
#
# FastAPI is here twice: as the original tutorial writes it, and corrected. Installs what is missing,
# compiles what has changed, starts the servers on free ports, plays the conversations of
# tests/conformance, puts the same loads on each, one after the other, stops them, and writes
# build/compare/report.html (one file, to be opened in a browser), report.md and results.json, which
# has every figure of every round.
#
#   --quick               about two minutes instead of about twenty: each load once, and short.
#   --long                also an hour of coming and going, and the C++ version built from nothing.
#   --no-conversations    measure only.
#   --output FOLDER       where the reports are, instead of build/compare.
#   --against FOLDER      measure nothing: say how the report differs from an earlier one, whose folder
#                         or results.json this is, and which differences are no more than noise.
#   --chapter             measure nothing: put the report's tables into chapter 13, in both languages.
#   --fault NAME          play one fault of the tutorial's FastAPI program there and on C++, and show
#                         the two transcripts side by side.
#   --corrected           with --fault: beside the corrected FastAPI program, instead of C++.
#   --list-faults         the names of the faults, and what each is.
#   --help                this text.
#
# Exit status: 0 if every stack behaves as its list of known failures says, 1 if not; with --against,
# 1 if a figure is worse.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/setup.sh"
# shellcheck source-path=SCRIPTDIR source=lib/build.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/build.sh"

# Debian's own: another python3 on the PATH lacks Debian's packages.
python=/usr/bin/python3
faults=$root/tests/conformance/faults
fault=
other=cpp
measures=1
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
        --against)
            [[ -e ${2:-} ]] || fail "--against needs the folder of an earlier report"
            arguments+=(--against "$(realpath -- "$2")")
            measures=0
            shift
            ;;
        --chapter)
            arguments+=(--chapter)
            measures=0
            ;;
        --corrected) other=fastapi_corrected ;;
        --quick | --long | --no-conversations) arguments+=("$1") ;;
        *) fail "unknown option $1" "scripts/compare.sh --help lists them." ;;
    esac
    shift
done

[[ $other == cpp || -n $fault ]] || fail "--corrected goes with --fault"
set_up stacks
if [[ -n $fault ]]; then
    [[ $other != cpp ]] || build release chapter08 || exit 1
    exec "$python" "$root/tests/conformance/run.py" --fault "$fault" --stack fastapi --stack "$other"
fi
if ((measures)); then
    set_up cluster # Redis, where several workers meet
    build release chapter08 chat_load || exit 1
fi
cd "$root/scripts"
exec "$python" -m compare "${arguments[@]}"
