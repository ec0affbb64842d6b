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
batches=$root/build/lint

# tidy FILE OPTION…: what clang-tidy has to say. Clang does not know each of GCC's warnings; that is
# no mistake in the code.
tidy() {
    "clang-tidy-$llvm" --quiet --config-file="$root/.clang-tidy" \
        --extra-arg=-Wno-unknown-warning-option "$@" \
        2> >(grep -v -E '^[0-9]+ warnings? generated\.$' >&2) | sed "s|$root/||g"
}

# tidy_one FILE: as it is compiled.
tidy_one() { tidy "$1" -p "$root/build/release"; }

# tidy_batch BATCH: its files as one, because most of the time goes into the headers that all of them
# include. Files that cannot be one, or where something is found, are looked at one by one.
tidy_batch() {
    local file options status=0
    read -ra options <"$batches/options"
    ! tidy "$1" --header-filter='/(chapter08|docs)/.*\.[ch]pp$' --checks=-bugprone-forward-declaration-namespace \
        -- "${options[@]}" >"$1.log" 2>&1 || return 0
    while read -r file; do
        tidy_one "$file" || status=1
    done <"${1%.cpp}.files"
    return "$status"
}

# compiled: each file that CMake compiles.
compiled() {
    sed -n 's/^ *"file": "\(.*\)",\{0,1\}$/\1/p' "$root/build/release/compile_commands.json" | sort -u
}

# make_batches: of the program and of the docs, eight neighbours each. The options of main.cpp fit all of
# them, but what is private to one file may hide what is private to another.
make_batches() {
    local files
    rm -rf "$batches"
    mkdir -p "$batches"
    compiled | grep "^$root/chapter08/" | split --lines=8 --additional-suffix=.files - "$batches/server-"
    compiled | sed -n "\|^$root/docs/|{\|/test_|!p}" | split --lines=8 --additional-suffix=.files - "$batches/docs-"
    for files in "$batches"/server-*.files; do
        sed 's|.*|#include "&"  // NOLINT(bugprone-suspicious-include)|' "$files" >"${files%.files}.cpp"
    done
    for files in "$batches"/docs-*.files; do
        [[ ! -e $files ]] || programs_as_one "$files" >"${files%.files}.cpp"
    done
    # -Wno-return-type: in a namespace, main is a function that forgets to return something.
    sed -n 's|^ *"command": "[^ ]* \(.*\) -o .*chapter08/main\.cpp.*|\1 -Wno-shadow -Wno-return-type|p' \
        "$root/build/release/compile_commands.json" | sed 's|\\||g' >"$batches/options"
}

# programs_as_one FILES: each program has a main and names of its own, so each gets a namespace, within one
# for its folder's headers. The other headers come first, because they may not be in a namespace.
programs_as_one() {
    local folder file number=0
    while read -r folder; do
        grep -h -E '^#include (<|".*/)' "$folder"/*.[ch]pp
    done < <(sed 's|/[^/]*$||' "$1" | sort -u) | sort -u
    while read -r folder; do
        number=$((number + 1))
        printf 'namespace folder_%d {\n' "$number"
        find "$folder" -maxdepth 1 -name '*.hpp' -printf '#include "%p"\n' | sort
        while read -r file; do
            number=$((number + 1))
            printf 'namespace program_%d {\n#include "%s"  // NOLINT(bugprone-suspicious-include)\n}\n' "$number" "$file"
        done < <(grep "^$folder/" "$1")
        printf '}\n'
    done < <(sed 's|/[^/]*$||' "$1" | sort -u)
}

export -f tidy tidy_one tidy_batch
export llvm root batches
if [[ $# -eq 0 ]]; then
    make_batches
    printf 'tidy_batch %q\n' "$batches"/*.cpp >"$batches/tasks"
    while read -r file; do
        printf 'tidy_one %q\n' "$file" >>"$batches/tasks"
    done < <(compiled | grep "^$root/docs/.*/test_")
else
    mkdir -p "$batches"
    printf 'tidy_one %q\n' "$@" >"$batches/tasks"
fi
xargs -d '\n' -n 1 -P "$(jobs_for release)" bash -o pipefail -c <"$batches/tasks"
