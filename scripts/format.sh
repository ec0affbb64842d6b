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
untidy=()
for file in "$@"; do
    "clang-format-$llvm" "$file" | cmp -s - "$file" || untidy+=("$file")
done
if [[ ${#untidy[@]} -gt 0 ]]; then
    fail "not laid out by .clang-format (scripts/format.sh fixes it):" "${untidy[@]}"
fi
