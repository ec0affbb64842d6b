#!/usr/bin/env bash
# Makes a small project of your own on beastapi: an HTTP endpoint, a WebSocket, and tests of both.
#
#   scripts/new.sh [FOLDER/]NAME
#
#   NAME       the name of the project, of its program, and of the folder that it gets, which is made here
#              or in FOLDER.
#   --help     this text.
#
# It writes that folder and nothing else, and says what to run next.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"

case ${1:-} in
    -h | --help)
        print_header "$0"
        exit 0
        ;;
    -*) fail "unknown option $1" "scripts/new.sh --help says more." ;;
esac
[[ $# -eq 1 && -n $1 ]] || fail "expected the name of the new project, such as: scripts/new.sh poll"

folder=${1%/}
name=${folder##*/}
[[ $name =~ ^[A-Za-z][A-Za-z0-9_-]*$ ]] ||
    fail "'$name' can't be the name of a program here" "Begin with a letter; letters, digits, _ and - may follow."
# CMake has targets of these names.
case $name in
    all | clean | edit_cache | help | install | package | rebuild_cache | test)
        fail "'$name' is a name that CMake needs itself" "Choose another one."
        ;;
esac
[[ ! -e $folder && ! -L $folder ]] || fail "$folder is there already" "Choose another name, or remove it first."

# All of it or nothing.
mkdir -p "$(dirname "$folder")"
made=$(mktemp -d "$(dirname "$folder")/.$name.XXXXXX")
trap 'rm -rf "$made"' EXIT
for file in "$root"/scripts/new/*; do
    sed "s/@NAME@/$name/g" "$file" >"$made/${file##*/}"
done
mv "$made/gitignore" "$made/.gitignore"
chmod 755 "$made"
mv -T "$made" "$folder"

# shell WORD: as a person would write it.
shell() { if [[ $1 =~ ^[A-Za-z0-9_./-]+$ ]]; then echo "$1"; else printf '%q\n' "$1"; fi; }
here=$(shell "$root")
say "Made $folder"
note ""
note "Once, build beastapi and install it:"
if [[ -f $root/build/release/build.ninja ]]; then
    build=$here/build/release
else
    build=$here/build/beastapi
    note "  cmake -S $here/chapter08/beastapi -B $build"
fi
note "  cmake --build $build --target beastapi --parallel $(getconf _NPROCESSORS_ONLN)"
note "  cmake --install $build --component beastapi --prefix ~/.local"
note ""
note "Then build your project, test it, and start it:"
note "  cd $(shell "$folder")"
note "  cmake -S . -B build -DCMAKE_PREFIX_PATH=\"\$HOME/.local\""
note "  cmake --build build --parallel 2"
note "  ctest --test-dir build"
note "  build/$name"
note ""
note "It answers at http://127.0.0.1:8000/hello/Ada. docs/engineers.md goes on from there."
