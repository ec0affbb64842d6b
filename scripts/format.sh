#!/usr/bin/env bash
# Lays the C++ out as .clang-format says.
#
#   scripts/format.sh [--check] [FILE…]
#
#   --check    change nothing, name the files that would change, and fail if there are any.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/setup.sh"

check=false
case ${1:-} in
    -h | --help)
        print_header "$0"
        exit 0
        ;;
    --check)
        check=true
        shift
        ;;
esac
set_up test
if [[ $# -eq 0 ]]; then
    cd "$root"
    mapfile -t files < <(project_files '*.cpp' '*.hpp')
    set -- "${files[@]}"
fi
if ! $check; then
    [[ $# -eq 0 ]] || "clang-format-$llvm" -i "$@"
    exit 0
fi
report=$(printf '%s\0' "$@" | xargs -0 -r -n 32 -P "$(getconf _NPROCESSORS_ONLN)" \
    "clang-format-$llvm" --dry-run -Werror 2>&1) && exit 0
mapfile -t untidy < <(
    sed -n 's/:[0-9]*:[0-9]*: error: code should be clang-formatted.*//p' <<<"$report" | sort -u
)
[[ ${#untidy[@]} -gt 0 ]] || fail "clang-format failed:" "$report"
fail "not laid out by .clang-format (scripts/format.sh fixes it):" "${untidy[@]}"
