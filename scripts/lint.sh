#!/usr/bin/env bash
# Looks for mistakes in the C++ with clang-tidy, by the checks that .clang-tidy lists.
#
#   scripts/lint.sh [FILE.cpp…]
#
# Without files it takes those of the program and of the docs. The tests and the load tool, which would
# take five times as long, are named when wanted: scripts/lint.sh tests/unit/*.cpp
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/setup.sh"
# shellcheck source-path=SCRIPTDIR source=lib/build.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/build.sh"

if [[ ${1:-} == -h || ${1:-} == --help ]]; then
    print_header "$0"
    exit 0
fi
set_up test
configure release || exit 1
if [[ $# -eq 0 ]]; then
    mapfile -t files < <(sed -n 's/^ *"file": "\(.*\)",\{0,1\}$/\1/p' \
        "$root/build/release/compile_commands.json" | sort -u)
    for file in "${files[@]}"; do
        [[ $file != "$root"/chapter08/* && $file != "$root"/docs/* ]] || set -- "$@" "$file"
    done
fi
colour=()
[[ ! -t 1 ]] || colour=(--use-color)
# Clang does not know each of GCC's warnings; that is no mistake in the code.
printf '%s\0' "$@" | xargs -0 -n 1 -P "$(jobs_for release)" \
    "clang-tidy-$llvm" -p "$root/build/release" --quiet "${colour[@]}" \
    --extra-arg=-Wno-unknown-warning-option \
    2> >(grep -v -E '^[0-9]+ warnings? generated\.$' >&2) | sed "s|$root/||g"
