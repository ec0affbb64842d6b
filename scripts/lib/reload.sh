# shellcheck shell=bash
# scripts/run.sh --reload: compiles and restarts the server when a source file changes.
# shellcheck source-path=SCRIPTDIR source=build.sh
source "$(dirname "${BASH_SOURCE[0]}")/build.sh"

# How long a server may take to say goodbye to its clients before it is told again, and then killed.
goodbye_seconds=10

# serve_and_reload PROGRAM ARGUMENT…: ends only by exit, with the server's status.
serve_and_reload() {
    local program=$1 server_pid='' build_pid='' signalled='' restarts=0 status=0
    local seen now built log=$root/build/log/reload.log orphan_guard=()
    shift
    local arguments=("$@")
    mkdir -p "$(dirname "$log")"
    # Where the system can, the server dies with this script even if that is killed outright.
    if setpriv --pdeathsig TERM true 2>/dev/null; then
        orphan_guard=(setpriv --pdeathsig TERM)
    fi
    trap 'pass_on INT' INT
    trap 'pass_on TERM' TERM
    trap 'pass_on HUP' HUP

    seen=$(sources)
    built=$(identity "$program")
    start_server
    say "Watching the sources for changes (static/ needs none of this: reload the page)"
    while [[ -z $signalled ]]; do
        sleep 0.5 || true
        [[ -z $signalled ]] || break
        if [[ -n $server_pid ]] && ! alive "$server_pid"; then
            server_ended_by_itself
        fi
        if [[ -n $build_pid ]] && ! alive "$build_pid"; then
            build_ended
        fi
        now=$(sources)
        if [[ -z $build_pid && $now != "$seen" ]]; then
            start_build
        fi
    done
    [[ -z $server_pid ]] || reap_server
    [[ -z $build_pid ]] || wait "$build_pid" 2>/dev/null || true
    exit "$status"
}

# What the build reads, with the time of its last change. A file may vanish while find looks.
sources() {
    find "$root/chapter08" "$root/cmake" "$root/CMakeLists.txt" "$root/CMakePresets.json" -type f \
        \( -name '*.[ch]pp' -o -name '*.h' -o -name '*.cmake' -o -name 'CMake*' \) \
        -printf '%T@ %p\n' 2>/dev/null | sort || true
}

identity() { stat -c '%i %y' "$1" 2>/dev/null || true; }

alive() { kill -0 "$1" 2>/dev/null; }

# Signals come to this script alone and are passed on once: a server that gets a second one does not
# finish its goodbyes. That is why it runs in a process group of its own (set -m).
pass_on() {
    signalled=$1
    [[ -z $build_pid ]] || kill -TERM -- "-$build_pid" 2>/dev/null || true
    [[ -z $server_pid ]] || kill "-$1" "$server_pid" 2>/dev/null || true
}

start_server() {
    set -m
    "${orphan_guard[@]}" "$program" "${arguments[@]}" &
    server_pid=$!
    set +m
    # A signal that came in between found no server to go to.
    [[ -z $signalled ]] || kill "-$signalled" "$server_pid" 2>/dev/null || true
}

# Waits for the server's end and puts its exit status into `status`. A signal interrupts the wait.
reap_server() {
    local before result
    while true; do
        before=$signalled
        signalled=
        result=0
        wait "$server_pid" 2>/dev/null || result=$?
        [[ $result -eq 127 ]] || status=$result
        [[ -n $signalled ]] || break
    done
    signalled=$before
    server_pid=
}

server_ended_by_itself() {
    reap_server
    # Asked to stop by someone else, or unable to start with these arguments: nothing to wait for.
    if [[ $status -eq 0 ]] || [[ $restarts -eq 0 && $status -le 2 ]]; then
        [[ -z $build_pid ]] || kill -TERM -- "-$build_pid" 2>/dev/null || true
        exit "$status"
    fi
    say "The server ended with status $status: waiting for a change of the sources"
}

stop_server() {
    local signal
    for signal in TERM TERM KILL; do
        kill "-$signal" "$server_pid" 2>/dev/null || true
        SECONDS=0
        while alive "$server_pid" && ((SECONDS < goodbye_seconds)); do
            sleep 0.05 || true
        done
        alive "$server_pid" || break
    done
    reap_server
}

start_build() {
    seen=$now
    say "A source file has changed: building"
    set -m
    build release chapter08 >"$log" 2>&1 &
    build_pid=$!
    set +m
}

build_ended() {
    local result=0
    wait "$build_pid" 2>/dev/null || result=$?
    build_pid=
    if [[ $result -ne 0 ]]; then
        cat "$log" >&2
        if [[ -n $server_pid ]]; then
            say "The build failed: the old server goes on, waiting for the next change"
        else
            say "The build failed: waiting for the next change"
        fi
        return
    fi
    if [[ -n $server_pid && $(identity "$program") == "$built" ]]; then
        say "Built: the program is the same, so the server goes on"
        return
    fi
    built=$(identity "$program")
    if [[ -n $server_pid ]]; then
        say "Built: restarting the server"
        stop_server
        [[ -z $signalled ]] || return
    else
        say "Built: starting the server"
    fi
    restarts=$((restarts + 1))
    start_server
}
