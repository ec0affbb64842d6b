#!/usr/bin/env bash
# Prints a token with which its holder may take a name in the chat: for the class, where nobody else
# signs tokens.
#
#   scripts/token.sh --user NAME [--minutes N] [--secret-file FILE] [--audience A] [--issuer I]
#
# The token alone goes to stdout; how to start the server that accepts it, to stderr.
#
#   --user NAME           the name: the token's `sub`.
#   --minutes N           for how long it holds, 60 by default; its `exp`.
#   --secret-file FILE    what it is signed with (HS256): at least 32 bytes, not counting a line break
#                         at the end. By default build/jwt-secret, which is made, from 32 random
#                         bytes and readable by its owner alone, if it is not there.
#   --audience A          its `aud`; then the server needs --jwt-audience A.
#   --issuer I            its `iss`, for a server with --jwt-issuer I.
#   --help                this text.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/setup.sh"

# Debian's own: another python3 on the PATH lacks Debian's packages.
python=/usr/bin/python3
secret_file=$root/build/jwt-secret
arguments=()
server_options=()
named=false
while [[ $# -gt 0 ]]; do
    case $1 in
        -h | --help)
            print_header "$0"
            exit 0
            ;;
        --user | --minutes | --secret-file | --audience | --issuer)
            [[ -n ${2:-} ]] || fail "$1 needs a value" "scripts/token.sh --help says which."
            arguments+=("$1=$2")
            case $1 in
                --user) named=true ;;
                --secret-file) secret_file=$(realpath -m -- "$2") ;;
                --audience | --issuer) server_options+=("--jwt-${1#--}" "$2") ;;
            esac
            shift
            ;;
        *) fail "unknown option $1" "scripts/token.sh --help lists them." ;;
    esac
    shift
done
$named || fail "whose token? Name the user with --user NAME" "scripts/token.sh --help says more."

set_up run
token=$("$python" "$root/scripts/lib/make_token.py" --default-secret-file="$secret_file" "${arguments[@]}")
note "Start the server that accepts it: scripts/run.sh$(printf ' %q' --jwt-secret-file "$secret_file" "${server_options[@]}")"
echo "$token"
