#!/usr/bin/env bash
# Makes the site of the tutorial from the pages in docs/.
#
#   scripts/docs.sh [--host HOST] [--port PORT]
#   scripts/docs.sh --build
#
#   --port     serves it while one writes, at this port (5173): a page that is saved is shown at once.
#   --host     and at this address (127.0.0.1).
#   --build    writes it to build/site, where the chat server finds it, to serve it at /tutorial.
#   --help     this text.
#
# Installs what is missing. The code in the pages is theirs: scripts/snippets.py fills it in.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/setup.sh"

build=false host=127.0.0.1 port=5173
while (($#)); do
    case $1 in
        -h | --help)
            print_header "$0"
            exit 0
            ;;
        --build) build=true ;;
        --host | --port)
            [[ $# -ge 2 ]] || fail "$1 needs a value" "scripts/docs.sh --help says more."
            if [[ $1 == --host ]]; then host=$2; else port=$2; fi
            shift
            ;;
        --host=*) host=${1#*=} ;;
        --port=*) port=${1#*=} ;;
        *) fail "unknown option $1" "scripts/docs.sh --help lists them." ;;
    esac
    shift
done
if ! [[ $port =~ ^[0-9]{1,5}$ ]] || ((10#$port > 65535)); then
    fail "the port is '$port', which isn't a number from 0 to 65535"
fi

set_up docs
cd "$root"
vitepress=(node node_modules/vitepress/bin/vitepress.js)
if $build; then
    say "Building the site (build/site)"
    logged "$root/build/log/site.log" "${vitepress[@]}" build docs ||
        fail "VitePress could not build the site: see above, or build/log/site.log"
    note "The chat server serves it at /tutorial when it is started next: scripts/run.sh"
else
    exec "${vitepress[@]}" dev docs --host "$host" --port "$port" --strictPort
fi
