#!/usr/bin/env bash
# Audits the delivery of messages: does harm, and checks from the clients' own notes that nothing that
# was acknowledged is lost, nothing is seen twice, and all see one order.
#
#   scripts/audit.sh [--memory | --database | --redis] [--minutes N] [OPTION…]
#
# Compiles what has changed, starts a server on a free port and many clients that talk, and then tears
# connections, freezes clients, ends the server with kill -9 and starts it again. At the end it prints
# what it did and what it found, and writes that to build/audit/report.txt, with all that the clients
# noted beside it, in notes.jsonl.
#
#   --memory              the server keeps what is said in memory (the default). What it forgets at
#                         its end has to be announced to each client as a gap.
#   --database            the server has a database: nothing may be missing. The disk is full at times.
#   --redis               several servers meet in a Redis of their own: nothing may be missing. Servers
#                         and Redis are ended, frozen, and cut off from each other.
#   --servers N           how many servers, with --redis: 3 by default.
#   --workers N           how many workers each server has: 1 by default.
#   --minutes N           for how long harm is done: 1 by default.
#   --clients N           how many clients: 20 by default.
#   --events              half of them use Server-Sent Events and POST instead of WebSockets.
#   --rate N              messages a second, of all clients together: 150 by default.
#   --kills N             how often the server is killed, instead of ten times a minute.
#   --harm LIST           only that harm, with commas: tear, deaf, tear_all, away, freeze, kill, stop,
#                         night; with a database disk; with Redis pause, sleep, cut, hush, cut_all,
#                         redis_kill, redis_stop, redis_freeze, redis_pause, and empty, which is done
#                         only if it's named: then Redis forgets all. '' is none.
#   --kept N              how many messages of each conversation the server has to keep.
#   --seed N              does the same harm at the same times as the run whose report has this seed.
#   --output FOLDER       where the report goes, instead of build/audit.
#   --help                this text.
#
# CHAPTER08 names another program than build/release/chapter08/chapter08, which isn't compiled then.
# Exit status: 0 if nothing was found, 1 if something was, 2 if the server did not start.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/setup.sh"
# shellcheck source-path=SCRIPTDIR source=lib/build.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/build.sh"

# Debian's own: another python3 on the PATH lacks Debian's packages.
python=/usr/bin/python3
arguments=()
group=''
while [[ $# -gt 0 ]]; do
    case $1 in
        -h | --help)
            print_header "$0"
            exit 0
            ;;
        --memory | --database | --redis)
            [[ $1 != --redis ]] || group=cluster
            arguments+=("$1")
            ;;
        --servers | --workers | --minutes | --clients | --rate | --kills | --harm | --kept | --seed)
            [[ $# -gt 1 ]] || fail "$1 needs a value" "scripts/audit.sh --help says which."
            arguments+=("$1=$2")
            shift
            ;;
        --output)
            [[ -n ${2:-} ]] || fail "--output needs a folder"
            arguments+=("--output=$(realpath -m -- "$2")")
            shift
            ;;
        *) fail "unknown option $1" "scripts/audit.sh --help lists them." ;;
    esac
    shift
done

set_up stacks
[[ -z $group ]] || set_up "$group"
[[ -n ${CHAPTER08:-} ]] || build release chapter08 || exit 2
exec "$python" "$root/tests/audit/run.py" "${arguments[@]}"
