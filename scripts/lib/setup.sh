#!/usr/bin/env bash
# Installs what the project needs and the machine lacks; run again, it only looks.
#
#   source scripts/lib/setup.sh; set_up run
#   scripts/lib/setup.sh run|cluster|monitor|stacks|docs|test|fuzz
#
# This file is the one list of what is installed, and why.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# Boost.JSON's and Asio's parts that are used here came with 1.81.
oldest_boost=1.81
# One version for all: another one lays the code out differently, or complains of other things.
llvm=19
oldest_node=18

# What is unpacked below build, and not installed, is found there, too.
export PATH=$PATH:$root/build/tools/usr/sbin:$root/build/tools/usr/bin

# group | package (@: the version of Boost; "a, b": the first that is offered)
#       | commands, any of which makes the package superfluous | a header of it | what it is for
needs=(
    "run|g++|g++||the C++20 compiler"
    "run|cmake|cmake||says what is built, and how"
    "run|ninja-build|ninja||builds what has changed"
    "run|libboost@-dev||boost/asio/awaitable.hpp|Boost.Asio and Boost.Beast: sockets, coroutines, HTTP, WebSocket"
    "run|libboost-json@-dev||boost/json.hpp|Boost.JSON: the messages"
    "run|libboost-test@-dev||boost/test/unit_test.hpp|Boost.Test: CMake looks for it even where the tests are not built"
    "run|libfmt-dev||fmt/format.h|fmt: text from values, as Python's f-strings"
    "run|libspdlog-dev||spdlog/spdlog.h|spdlog: the log"
    "run|libcli11-dev||CLI/CLI.hpp|CLI11: the settings from command line, environment and file"
    "run|libicu-dev||unicode/normalizer2.h|ICU: which names look alike, by the tables of Unicode"
    "run|libjwt-dev||jwt.h|libjwt: reads JSON Web Tokens, and checks their signatures"
    "run|libssl-dev||openssl/evp.h|OpenSSL: says whether a key fits the algorithm of the tokens"
    "run|libsqlitecpp-dev||SQLiteCpp/SQLiteCpp.h|SQLiteCpp: the database of --database"
    "run|libsqlite3-dev||sqlite3.h|SQLite: what SQLiteCpp speaks to"
    "run|libhiredis-dev||hiredis/hiredis.h|hiredis: the protocol of Redis, for --redis"
    "run|prometheus-cpp-dev||prometheus/text_serializer.h|prometheus-cpp: the metrics, and the text that Prometheus reads"
    "run|python3-jwt|||PyJWT: signs the tokens that scripts/token.sh makes"
    "npm|nodejs|node||runs npm"
    "npm|npm|npm||fetches Swagger UI and uPlot, which /docs and /status show, and what makes the site of the tutorial"
    "npm|ca-certificates|||lets npm know whom it talks to"
    "stacks|python3|||runs the Python versions, and what plays and compares them"
    "stacks|python3-fastapi|||FastAPI: the version of the tutorial"
    "stacks|python3-uvicorn|||uvicorn: its server"
    "stacks|python3-uvloop|||uvloop: the event loop that uvicorn prefers, for a fair comparison"
    "stacks|python3-websockets|||websockets: uvicorn's side of the protocol, and the client that plays conversations"
    "stacks|python3-flask-socketio|||Flask-SocketIO: the version that one migrates from"
    "stacks|python3-eventlet|||eventlet: its server"
    "stacks|cloc|cloc||cloc: counts the lines of code of what is compared"
    "stacks|python3-redis|||redis-py: the streams of FastAPI, and what Flask-SocketIO's message_queue needs, in chapter 16"
    "stacks|python3-socketio|||python-socketio: the client that plays conversations over Socket.IO"
    "stacks|python3-jsonschema|||jsonschema: holds the frames of conversations against /asyncapi.json"
    "stacks|python3-aiohttp|||aiohttp: the transport of that client"
    "stacks|python3-httpx|||httpx: the transport of FastAPI's test client"
    "test|chromium-headless-shell, chromium, chromium-browser|chromium-headless-shell chromium-browser google-chrome||Chromium without windows, in which the page is tested: it takes less than half as long as the whole browser"
    "test|fonts-noto-cjk|||the page in Chinese"
    "test|fonts-noto-color-emoji|||the page's ✅ and ❌"
    "test|clang-format-$llvm|clang-format-$llvm||checks the layout of the C++"
    "test|clang-tidy-$llvm|clang-tidy-$llvm||finds mistakes in the C++"
    "test|shellcheck|shellcheck||finds mistakes in the scripts"
    "test|curl|curl||asks the server over HTTP in the tests of the scripts"
    "test|git|git||lists the files to check"
    "cluster|redis-tools|redis-check-rdb||the program of redis-server, which is a link to it, and what that needs; it's no service"
    "unpack|nginx|nginx||nginx: the proxy that the FAQ puts in front; if it were installed, it would be a service of this machine"
    "unpack|redis-server|redis-server||Redis: where several servers are one chat; if it were installed, it would be a service of this machine"
    "monitor|prometheus|prometheus||Prometheus: keeps what /metrics says; if it were installed, it would be a service of this machine"
    "fuzz|clang-$llvm|clang-$llvm||compiles the fuzzers"
    "fuzz|libclang-rt-$llvm-dev|||libFuzzer, and the sanitizers of that compiler"
)

# set_up GROUP: afterwards everything that GROUP needs is there, or the script has ended.
# "run" builds and starts the server, "cluster" several behind a proxy, "monitor" what watches it, "stacks" also the Python versions beside it, "docs" makes the site
# of the tutorial, "test" is all that and what the tests need; "fuzz" builds the fuzzers.
set_up() {
    local group=$1 missing=()
    if have dpkg-query; then
        find_missing_packages "$group"
        [[ ${#missing[@]} -eq 0 ]] || install_packages
    else
        find_missing_elsewhere "$group"
        [[ ${#missing[@]} -eq 0 ]] || refuse_elsewhere
    fi
    install_node_modules "$group"
}

# in_group ROW_GROUP GROUP: npm is in all of them.
in_group() {
    case $2 in
        docs) [[ $1 == npm ]] ;;
        run) [[ $1 == npm || $1 == run ]] ;;
        cluster) [[ $1 == npm || $1 == run || $1 == cluster || $1 == unpack ]] ;;
        monitor) [[ $1 == npm || $1 == monitor ]] ;;
        stacks) [[ $1 != test && $1 != monitor && $1 != cluster && $1 != unpack && $1 != fuzz ]] ;;
        test) [[ $1 != fuzz ]] ;;
        fuzz) [[ $1 == npm || $1 == run || $1 == fuzz ]] ;;
    esac
}

any_command() {
    local command
    for command in "$@"; do
        ! have "$command" || return 0
    done
    return 1
}

# Fills `missing` with the rows of `needs` that neither dpkg nor the PATH knows.
find_missing_packages() {
    local group=$1 row row_group packages commands name version boost=''
    declare -A installed=()
    while read -r name _; do
        installed[$name]=1
    done < <(dpkg-query -W -f '${Package} ${db:Status-Status}\n' 2>/dev/null | grep ' installed$')
    # Of several Boosts only one can be installed; the others of its packages must match it.
    for name in "${!installed[@]}"; do
        if [[ $name =~ ^libboost([0-9]+\.[0-9]+)-dev$ ]]; then
            version=${BASH_REMATCH[1]}
            ! at_least "$version" "$oldest_boost" || boost=$version
        fi
    done
    for row in "${needs[@]}"; do
        [[ -z $boost ]] || row=${row/@/$boost}
        IFS='|' read -r row_group packages commands _ <<<"$row"
        in_group "$row_group" "$group" || continue
        for name in ${packages//,/ }; do
            [[ -z ${installed[$name]:-} ]] || continue 2
        done
        # shellcheck disable=SC2086  # the commands are words
        any_command $commands || missing+=("$row")
    done
}

# at_least VERSION OLDEST
at_least() { [[ $(printf '%s\n' "$1" "$2" | sort -V | head -n 1) == "$2" ]]; }

# The newest Boost of which apt offers all the parts; nothing if none is new enough.
newest_boost() {
    local offered version
    offered=$(apt-cache --names-only search '^libboost(-json|-test)?[0-9]+\.[0-9]+-dev$' | cut -d ' ' -f 1)
    while read -r version; do
        if at_least "$version" "$oldest_boost" && grep -qx "libboost-json$version-dev" <<<"$offered" &&
            grep -qx "libboost-test$version-dev" <<<"$offered"; then
            echo "$version"
            return
        fi
    done < <(sed -n 's/^libboost\([0-9.]*\)-dev$/\1/p' <<<"$offered" | sort -rV)
}

is_offered() { [[ $(apt-cache policy "$1" 2>/dev/null) =~ Candidate:\ [^\(] ]]; }

# Installs the rows in `missing` by apt, as root or through sudo.
install_packages() {
    local row row_group packages candidate package reason boost='' names=() unpacked=() as_root=()
    have apt-get || refuse_elsewhere
    if [[ $(id -u) -ne 0 ]]; then
        as_root=(sudo)
        # Only a person can answer sudo's question.
        [[ -t 0 ]] || as_root=(sudo -n)
    fi
    if [[ ${#as_root[@]} -gt 0 ]] && ! have sudo; then
        refuse_without_root
    fi
    say "Looking up the packages that are missing"
    logged "$root/build/log/apt-update.log" "${as_root[@]}" apt-get update -q ||
        refuse_without_root "apt-get update failed (see above, or build/log/apt-update.log)."

    for row in "${missing[@]}"; do
        IFS='|' read -r row_group packages _ _ reason <<<"$row"
        if [[ $packages == *@* ]]; then
            boost=${boost:-$(newest_boost)}
            [[ -n $boost ]] || fail "this system offers no Boost $oldest_boost or newer" \
                "Debian 12, Ubuntu 24.04 and everything newer do."
            packages=${packages/@/$boost}
        fi
        package=
        for candidate in ${packages//,/ }; do
            if is_offered "$candidate"; then
                package=$candidate
                break
            fi
        done
        [[ -n $package ]] || fail "apt offers no package $packages ($reason)" \
            "Debian 12, Ubuntu 24.04 and everything newer do, in their standard sources."
        if [[ $row_group == unpack || $row_group == monitor ]]; then unpacked+=("$package"); else names+=("$package"); fi
        note "  $(printf '%-26s' "$package") $reason"
    done
    [[ ${#names[@]} -eq 0 ]] || install_by_apt "${names[@]}"
    [[ ${#unpacked[@]} -eq 0 ]] || unpack_packages "${unpacked[@]}"
}

# install_by_apt NAME…
install_by_apt() {
    say "Installing $# packages (the log: build/log/apt-install.log)"
    # Nothing that the machine's owner installed is removed for this.
    logged "$root/build/log/apt-install.log" "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends --no-remove \
        -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@" ||
        fail "apt-get could not install the packages: see above, or build/log/apt-install.log" \
            "If it could not reach its sources: check the network, then run this again." \
            "If it says that packages need to be removed, an older Boost is in the way; have it replaced by" \
            "  sudo apt-get install $*"
}

# unpack_packages NAME…: into build/tools.
unpack_packages() {
    local folder=$root/build/tools archive
    say "Unpacking $* into build/tools"
    mkdir -p "$folder"
    (cd "$folder" && logged "$root/build/log/apt-download.log" apt-get download -q "$@") ||
        fail "apt-get could not download $*: see above, or build/log/apt-download.log" \
            "Check the network, then run this again."
    for archive in "$folder"/*.deb; do
        logged "$root/build/log/apt-download.log" dpkg --extract "$archive" "$folder"
        rm "$archive"
    done
    # In the package it's a link to its neighbour, which is installed.
    if [[ -L $folder/usr/bin/redis-server && ! -e $folder/usr/bin/redis-server ]]; then
        ln -sf "$(command -v redis-check-rdb)" "$folder/usr/bin/redis-server"
    fi
}

refuse_without_root() {
    local row packages reason names=()
    note "These packages are missing:"
    for row in "${missing[@]}"; do
        IFS='|' read -r _ packages _ _ reason <<<"$row"
        packages=${packages%%,*}
        names+=("${packages/@/$oldest_boost}")
        note "  $(printf '%-26s' "${names[-1]}") $reason"
    done
    fail "${1:-they can only be installed by root, and there is no sudo here}" \
        "Have someone who may run" \
        "  apt-get update && apt-get install ${names[*]}" \
        "(or with a newer Boost than $oldest_boost), then run this again."
}

# Fills `missing` on a system without dpkg, where only commands and headers can be looked for.
find_missing_elsewhere() {
    local group=$1 row row_group commands header seen=''
    if have g++; then
        seen=$(for row in "${needs[@]}"; do
            IFS='|' read -r _ _ _ header _ <<<"$row"
            [[ -z $header ]] || printf '#if __has_include(<%s>)\nfound %s\n#endif\n' "$header" "$header"
        done | g++ -std=c++20 -E -P -x c++ - 2>/dev/null || true)
    fi
    for row in "${needs[@]}"; do
        IFS='|' read -r row_group _ commands header _ <<<"$row"
        in_group "$row_group" "$group" || continue
        if [[ -n $commands ]]; then
            # shellcheck disable=SC2086  # the commands are words
            any_command $commands || missing+=("$row")
        elif [[ -n $header ]]; then
            grep -qxF "found $header" <<<"$seen" || missing+=("$row")
        fi
    done
}

refuse_elsewhere() {
    local row packages reason
    note "These are missing (the names are Debian's):"
    for row in "${missing[@]}"; do
        IFS='|' read -r _ packages _ _ reason <<<"$row"
        packages=${packages%%,*}
        note "  $(printf '%-26s' "${packages/@/}") $reason"
    done
    fail "this script installs packages on Debian and Ubuntu only" \
        "Install them with this system's package manager (Boost $oldest_boost or newer), then run this again."
}

# Brings node_modules to what package-lock.json says: all of it for the docs and the tests, else what the
# server serves. A stamp beside the modules says which and for what lock, so that this costs nothing, and
# no network, when they are in place.
install_node_modules() {
    local modules=served lock stamp=$root/node_modules/.set-up options=(--omit=dev)
    local installed='' version
    if [[ $1 == docs || $1 == test ]]; then
        modules=all options=()
    fi
    lock=$(sha256sum <"$root/package-lock.json")
    [[ ! -f $stamp ]] || installed=$(<"$stamp")
    if [[ $installed == "all $lock" || $installed == "$modules $lock" ]]; then
        return 0
    fi
    version=$(node --version)
    version=${version#v}
    at_least "$version" "$oldest_node" ||
        fail "Node.js is too old: $version, and $oldest_node is needed" "Update it, then run this again."
    say "Fetching the npm packages"
    # No package's own script runs here: none is needed, and some of them call home.
    (cd "$root" && logged "$root/build/log/npm.log" npm ci "${options[@]}" --ignore-scripts --no-audit \
        --no-fund --no-update-notifier --prefer-offline) ||
        fail "npm could not fetch its packages: see above, or build/log/npm.log" \
            "Check the network, then run this again."
    echo "$modules $lock" >"$stamp"
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
    case ${1:-} in
        run | cluster | monitor | stacks | docs | test | fuzz) set_up "$1" ;;
        *) print_header "$0" ;;
    esac
fi
