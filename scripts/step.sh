#!/usr/bin/env bash
# Runs a program of the tutorial: one chapter, one of its three versions.
#
#   scripts/step.sh CHAPTER cpp|fastapi|flask [--host HOST] [--port PORT] [--inspect]
#   scripts/step.sh CHAPTER FILE [--inspect]
#
#   CHAPTER     its number or its name: 01, 1 or 01_echo.
#   cpp         the C++ version; fastapi and flask are those in Python.
#   FILE        another program of the chapter, such as leak.cpp, or redis.conf for a Redis.
#   --client    in place of the program, one that talks to it from another terminal (flask only; NAME=Bob
#               says who): Socket.IO needs a client of its own, where the others take any WebSocket.
#   --host      the address to listen at (127.0.0.1, or the variable HOST).
#   --port      the port to listen at (8000, or the variable PORT); 0 picks a free one.
#   --inspect   show at /inspect, to this machine alone, in which line each coroutine waits: for cpp and
#               fastapi. Flask-SocketIO has no coroutines.
#   --help      this text.
#
# Installs what is missing, compiles what has changed, then becomes the program: Ctrl-C ends it, and its
# exit status is this script's.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/setup.sh"
# shellcheck source-path=SCRIPTDIR source=lib/build.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/build.sh"

python=/usr/bin/python3 # Debian's own: another on the PATH lacks Debian's packages

# list NAME…: the names, with commas.
list() {
    local text
    printf -v text '%s, ' "$@"
    echo "${text%, }"
}

# find_chapter WORD: sets `chapter`.
find_chapter() {
    local folder names=()
    for folder in "$root"/docs/src/[0-9][0-9]*_*/; do
        folder=${folder%/}
        names+=("${folder##*/}")
        if [[ ${names[-1]} == "$1" || ${names[-1]%%_*} == "$1" || ${names[-1]%%_*} == "0$1" ]]; then
            chapter=${names[-1]}
            return
        fi
    done
    fail "there is no chapter $1 with programs; there are: $(list "${names[@]}")"
}

# is_module FILE: whether it is a part of another program in its folder, which imports it.
is_module() {
    local name=${1##*/}
    grep -qs "^from ${name%.py} import " "${1%/*}"/*.py
}

# serves FILE: whether it is a program that listens, and so can show a page.
serves() { grep -qE 'app\.run\(|uvicorn\.run\(' "$1"; }

# refuse_without_inspector FILE: ends the script where --inspect has nothing to show.
refuse_without_inspector() {
    case $1 in
        flask_* | test_* | *.conf)
            [[ $1 != flask_* ]] || fail "Flask-SocketIO has no inspector: its greenlets don't say where they may wait" \
                "In C++ and in FastAPI each such place is marked, by co_await and await:" \
                "scripts/step.sh ${chapter%%_*} fastapi --inspect shows them."
            fail "$1 has no inspector: it isn't a server of coroutines"
            ;;
    esac
    [[ $chapter/$1 == 08_chat/fastapi_app.py ]] || serves "$folder/$1" || fail "$1 has no inspector: it serves nothing, so it has no page" \
        "There is one for cpp and fastapi: scripts/step.sh ${chapter%%_*} cpp --inspect"
}

# say_where_it_shows: the address of the page, once it is known.
say_where_it_shows() {
    local host=$HOST
    case $host in
        0.0.0.0) host=127.0.0.1 ;;
        *:*) host="[${host/#::/::1}]" ;;
    esac
    if ((10#$PORT)); then
        note "Where each coroutine waits: http://$host:$PORT/inspect"
    else
        note "Where each coroutine waits: /inspect, at the port that the program names"
    fi
}

# run_cpp NAME: the program of docs/src/$chapter/NAME.cpp.
run_cpp() {
    local target=step_$chapter
    [[ $1 == main ]] || target+=_$1
    set_up run
    build release "$target" || exit 1
    # For /docs, which FastAPI takes from the network.
    export SWAGGER_UI_DIR=${SWAGGER_UI_DIR:-$root/node_modules/swagger-ui-dist}
    export CONSOLE_DIR=${CONSOLE_DIR:-$root/static/console} STATIC_DIR=${STATIC_DIR:-$root/static}
    if $inspect; then
        export BEASTAPI_INSPECT=1
        say_where_it_shows
    fi
    exec "$root/build/release/docs/$target"
}

words=() client=false inspect=false
while (($#)); do
    case $1 in
        -h | --help)
            print_header "$0"
            exit 0
            ;;
        --client) client=true ;;
        --host | --port)
            [[ $# -ge 2 ]] || fail "$1 needs a value" "scripts/step.sh --help says more."
            if [[ $1 == --host ]]; then HOST=$2; else PORT=$2; fi
            shift
            ;;
        --host=*) HOST=${1#*=} ;;
        --port=*) PORT=${1#*=} ;;
        --inspect) inspect=true ;;
        -*) fail "unknown option $1" "scripts/step.sh --help lists them." ;;
        *) words+=("$1") ;;
    esac
    shift
done
export HOST=${HOST:-127.0.0.1} PORT=${PORT:-8000}
if ! [[ $PORT =~ ^[0-9]{1,5}$ ]] || ((10#$PORT > 65535)); then
    fail "the port is '$PORT', which isn't a number from 0 to 65535"
fi
[[ ${#words[@]} -eq 2 ]] || fail "expected a chapter and a version, such as: scripts/step.sh 01 cpp" \
    "scripts/step.sh --help says more."

case ${words[0]} in
    cpp | fastapi | flask) fail "the chapter comes first: scripts/step.sh ${words[1]} ${words[0]}" ;;
esac
find_chapter "${words[0]}"
version=${words[1]}
folder=$root/docs/src/$chapter
case $version in
    cpp) file=main.cpp ;;
    fastapi) file=fastapi_app.py ;;
    flask) file=flask_socketio_app.py ;;
    *) file=$version ;;
esac
# The chapter on testing has tests in place of programs.
[[ -f $folder/$file || ! -f $folder/test_$file ]] || file=test_$file
export INSPECT_DIR=${INSPECT_DIR:-$root/static/inspect}
# The last step of the tutorial is the project's own program.
if [[ $version == cpp && $chapter == 08_chat && ! -f $folder/$file ]]; then
    arguments=(--host "$HOST" --port "$PORT")
    if $inspect; then
        arguments+=(--inspect)
        say_where_it_shows
    fi
    exec "$root/scripts/run.sh" "${arguments[@]}"
fi
if [[ ! -f $folder/$file || $file == */* ]] || is_module "$folder/$file"; then
    there=()
    [[ ! -f $folder/main.cpp && ! -f $folder/test_main.cpp && $chapter != 08_chat ]] || there+=(cpp)
    [[ ! -f $folder/fastapi_app.py && ! -f $folder/test_fastapi_app.py ]] || there+=(fastapi)
    [[ ! -f $folder/flask_socketio_app.py && ! -f $folder/test_flask_socketio_app.py ]] || there+=(flask)
    for other in "$folder"/*.cpp "$folder"/*.py "$folder"/*.conf; do
        case ${other##*/} in
            main.cpp | fastapi_app.py | flask_socketio_app.py | test_* | '*'*) ;;
            *) is_module "$other" || there+=("${other##*/}") ;;
        esac
    done
    fail "chapter $chapter has no version $version; there are: $(list "${there[@]}")"
fi

! $inspect || refuse_without_inspector "$file"
if $client; then
    [[ $version == flask ]] || fail "--client is for flask" "For the others: npx --yes wscat -c ws://$HOST:$PORT/ws"
    set_up stacks
    namespace=/
    [[ $chapter != 01_echo ]] || namespace=/echo
    exec "$python" "$root/docs/src/migration/flask_client.py" "$namespace"
fi

case $file in
    test_*.cpp)
        set_up run
        build release tutorial_tests || exit 1
        exec "$root/build/release/tests/tutorial_tests" --run_test=chapter_12 --log_level=test_suite --report_level=short --color_output=no
        ;;
    test_*.py)
        set_up stacks
        exec "$python" "$folder/$file" --verbose
        ;;
    *.cpp) run_cpp "${file%.cpp}" ;;
    *.py)
        set_up stacks
        if $inspect; then
            say_where_it_shows
            by=()
            [[ $chapter/$file != 08_chat/fastapi_app.py ]] || by=(--app fastapi_app:app)
            exec "$python" "$root/scripts/inspector" "${by[@]}" "$folder/$file" "$PORT"
        fi
        # Where it says by itself how it is served, that counts; chapter 08's is told here.
        if [[ $chapter/$file == 08_chat/fastapi_app.py ]]; then
            exec "$python" -m uvicorn --app-dir "$folder" fastapi_app:app --host "$HOST" --port "$PORT"
        fi
        # The others take it from the environment.
        port=()
        [[ $chapter/$file != 08_chat/flask_socketio_app.py ]] || port=("$PORT")
        exec "$python" "$folder/$file" "${port[@]}"
        ;;
    redis.conf)
        set_up cluster
        mkdir -p "$root/build/redis"
        exec redis-server "$folder/$file" --dir "$root/build/redis"
        ;;
    *) fail "docs/src/$chapter/$file is not a program" ;;
esac
