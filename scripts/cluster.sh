#!/usr/bin/env bash
# Starts several chat servers that are one chat: Redis, N servers (3), and nginx in front of them.
#
#   scripts/cluster.sh [N]
#
# Everything listens on loopback, nginx at PORT (8000), and ends with this script. Keys:
#
#   1 to 9   kills that server, as a crash would; pressed again, starts it
#   r        kills Redis and starts it again
#   q        ends, as Ctrl-C does
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/setup.sh"
# shellcheck source-path=SCRIPTDIR source=lib/build.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/build.sh"

count=${1:-3}
if [[ $# -gt 1 || ! $count =~ ^[1-9]$ ]]; then
    print_header "$0"
    [[ $count == -h || $count == --help ]] || exit 2
    exit 0
fi
set_up cluster
server=${CHAPTER08:-$root/build/release/chapter08/chapter08}
[[ -n ${CHAPTER08:-} ]] || build release chapter08 || exit 1

port=${PORT:-8000}
folder=$(mktemp -d "${TMPDIR:-/tmp}/chapter08-cluster-XXXXXX")
mkfifo "$folder/nothing"
redis='' nginx=''
servers=() ports=()

end() {
    local process
    trap - EXIT INT TERM
    for process in $nginx "${servers[@]}"; do
        [[ -z $process ]] || kill "$process" 2>/dev/null || true
    done
    for process in $nginx "${servers[@]}"; do
        [[ -z $process ]] || wait "$process" 2>/dev/null || true
    done
    # The servers have told each other through it that they end.
    [[ -z $redis ]] || kill "$redis" 2>/dev/null || true
    [[ -z $redis ]] || wait "$redis" 2>/dev/null || true
    rm -rf "$folder"
}
trap end EXIT
trap 'exit 0' INT TERM

# wait_for PROCESS FILE COMMAND…: until the command succeeds; FILE says why, if it never does.
wait_for() {
    local process=$1 file=$2 attempt
    shift 2
    for ((attempt = 0; attempt < 300; ++attempt)); do
        ! "$@" >/dev/null 2>&1 || return 0
        if ! kill -0 "$process" 2>/dev/null; then break; fi
        sleep 0.05
    done
    tail -n 20 "$file" >&2
    fail "it did not start: see above"
}

start_redis() {
    # Always: else Redis may answer before what it says is in its file.
    redis-server --port 0 --unixsocket "$folder/redis.sock" --unixsocketperm 700 --dir "$folder" \
        --save '' --appendonly yes --appendfsync always --logfile "$folder/redis.log" >/dev/null &
    redis=$!
    wait_for "$redis" "$folder/redis.log" redis_answers
}

redis_answers() { [[ $(redis-cli -s "$folder/redis.sock" ping 2>/dev/null) == PONG ]]; }

# The port at which a server listens, once it does.
port_of() { sed -n 's|.*running on http://127\.0\.0\.1:\([0-9]*\).*|\1|p' "$folder/server-$1.log" | tail -n 1; }
listens() { [[ -n $(port_of "$1") ]]; }

start_server() {
    local number=$1
    : >"$folder/server-$number.log"
    "$server" --host 127.0.0.1 --port "${ports[number]:-0}" --redis "unix://$folder/redis.sock" \
        --proxy-headers >>"$folder/server-$number.log" 2>&1 </dev/null &
    servers[number]=$!
    wait_for "${servers[number]}" "$folder/server-$number.log" listens "$number"
    ports[number]=$(port_of "$number")
    note "  server $number: http://127.0.0.1:${ports[number]}/chat"
}

write_nginx_configuration() {
    local number user=''
    # Else nginx, if it is root, becomes somebody who may not look into the folder.
    [[ $(id -u) -ne 0 ]] || user='user root;'
    {
        cat <<END
daemon off;
worker_processes 1;
$user
pid $folder/nginx.pid;
error_log $folder/nginx.log warn;
events { worker_connections 4096; }
http {
    access_log off;
    client_body_temp_path $folder/body;
    proxy_temp_path $folder/proxy;
    fastcgi_temp_path $folder/fastcgi;
    uwsgi_temp_path $folder/uwsgi;
    scgi_temp_path $folder/scgi;
    map \$http_upgrade \$connection_upgrade {
        default upgrade;
        ''      close;
    }
    upstream chat {
END
        for ((number = 1; number <= count; ++number)); do
            echo "        server 127.0.0.1:${ports[number]} max_fails=1 fail_timeout=2s;"
        done
        cat <<END
    }
    server {
        listen 127.0.0.1:$port;
        location / {
            proxy_pass http://chat;
            proxy_http_version 1.1;
            proxy_set_header Upgrade    \$http_upgrade;
            proxy_set_header Connection \$connection_upgrade;
            proxy_set_header Host       \$http_host;
            proxy_set_header X-Forwarded-For   \$proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto \$scheme;
            proxy_connect_timeout 2s;
            proxy_read_timeout 75s;
        }
    }
}
END
    } >"$folder/nginx.conf"
}

start_nginx() {
    write_nginx_configuration
    nginx -p "$folder" -c "$folder/nginx.conf" -e "$folder/nginx.log" &
    nginx=$!
    wait_for "$nginx" "$folder/nginx.log" bash -c "exec 3<>/dev/tcp/127.0.0.1/$port"
}

kill_process() {
    kill -KILL "$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
}

press() {
    case $1 in
        [1-9])
            [[ $1 -le $count ]] || return 0
            if [[ -n ${servers[$1]} ]] && kill -0 "${servers[$1]}" 2>/dev/null; then
                kill_process "${servers[$1]}"
                servers[$1]=
                note "  server $1 is dead (press $1 to start it)"
            else
                start_server "$1"
            fi
            ;;
        r)
            kill_process "$redis"
            start_redis
            note "  Redis has come back, with its file"
            ;;
        q) exit 0 ;;
    esac
}

say "Starting Redis, $count servers, and nginx in front"
start_redis
for ((number = 1; number <= count; ++number)); do
    start_server "$number"
done
start_nginx
note "  all of them: http://127.0.0.1:$port/chat"
if [[ -t 0 ]]; then
    note "Keys: 1 to $count kills a server, and starts it again; r restarts Redis; q ends"
    while true; do
        key=
        read -rsn 1 -t 1 key || true
        [[ -z $key ]] || press "$key"
    done
fi
# Until a signal comes.
exec 3<>"$folder/nothing"
while true; do
    read -r -u 3 -t 3600 || true
done
