#!/usr/bin/env bash
# Builds the chat server and starts it, as `uvicorn main:app` does with the Python version.
#
#   scripts/run.sh [--reload] [server options]
#
# Installs what is missing, compiles what has changed, then becomes the server: signals reach it, and
# its exit status is this script's.
#
#   --reload    compile and restart whenever a C++ source file or a CMake file changes. The old server
#               runs until the new one is built, and goes on if it cannot be. What is under static/
#               needs neither: it is served as it is on disk, so reload the page in the browser.
#   --prefetch  serves nothing. It installs and builds what the tutorial's programs, its site and
#               scripts/compare.sh need, so that they work without a network afterwards, as in a classroom.
#   --help      this text, and the server's own options.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/setup.sh"
# shellcheck source-path=SCRIPTDIR source=lib/build.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/build.sh"

server=$root/build/release/chapter08/chapter08
reload=false prefetch=false
arguments=()
for argument in "$@"; do
    case $argument in
        --reload) reload=true ;;
        --prefetch) prefetch=true ;;
        -h | --help)
            print_header "$0"
            echo
            if [[ -x $server ]]; then
                exec "$server" --help
            fi
            echo "The server's own options are listed here once it has been built."
            exit 0
            ;;
        *) arguments+=("$argument") ;;
    esac
done

if $prefetch; then
    [[ ${#arguments[@]} -eq 0 ]] || fail "--prefetch starts no server: ${arguments[*]} would do nothing"
    set_up stacks
    build release chapter08 docs/all || exit 1
    "$root/scripts/docs.sh" --build
    say "Everything is here: the scripts of the tutorial need no network now."
    exit
fi

set_up run
build release chapter08 || exit 1
if $reload; then
    # shellcheck source-path=SCRIPTDIR source=lib/reload.sh
    source "$root/scripts/lib/reload.sh"
    serve_and_reload "$server" "${arguments[@]}"
else
    exec "$server" "${arguments[@]}"
fi
