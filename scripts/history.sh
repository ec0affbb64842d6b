#!/usr/bin/env bash
# Looks after the database of a chat: the file that scripts/run.sh --database names.
#
#   scripts/history.sh export FILE lobby | room NAME | inbox NAME | --all
#   scripts/history.sh import FILE [LINES]
#   scripts/history.sh check FILE
#   scripts/history.sh compact FILE
#
#   export     writes the messages of a conversation, or of all, to stdout, a line of JSON each:
#              {"conversation":"room:cpp","epoch":"k3f9…","seq":42,"stored":"2024-01-01T12:00:00.123Z",
#              "author":"alice","id":"6f1c…","payload":{"type":"message",…}}
#              `payload` is what the chat sent, without the seq; `author` is whose ids these are.
#   import     reads such lines from LINES, or from stdin, with their numbers and epochs. If one of
#              them doesn't fit, it says which and why, and imports none.
#   check      says whether the file is whole: `FILE: ok, N conversations, M messages`, or what is
#              wrong with it, and then its exit status is 1.
#   compact    gives the space of deleted messages back to the disk. It needs as much room again.
#   --help     this text.
#
# export and check may be used beside a running server. They see one moment of the file; as long as
# they run, the server's FILE-wal grows. import and compact refuse while a server uses the file. A copy
# of the file is a backup if no server runs; else `export --all` makes one.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/setup.sh"
# shellcheck source-path=SCRIPTDIR source=lib/build.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/build.sh"

case ${1:-} in
    export | import | check | compact) ;;
    -h | --help)
        print_header "$0"
        exit 0
        ;;
    '') fail "which command? export, import, check or compact" \
        "scripts/history.sh --help says more." ;;
    *) fail "unknown command $1" "scripts/history.sh --help lists them." ;;
esac

set_up run
build release chat_history || exit 1
exec "$root/build/release/chapter08/chat_history" "$@"
