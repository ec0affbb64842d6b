#!/usr/bin/env bash
# Starts Prometheus beside a chat server: it keeps what /metrics says, and tells when something is
# wrong.
#
#   scripts/monitor.sh [--server URL] [--port PORT] [--token TOKEN]
#
# Prometheus listens on loopback, and ends with this script: Ctrl-C. What it has kept is gone then.
# An alert is printed when it begins, and when it's over. The live page is the server's own: /status.
#
#   --server URL    the server, by default http://127.0.0.1:PORT with PORT of the environment, or 8000.
#   --port PORT     where Prometheus listens: 9090 by default.
#   --token TOKEN   what shows the server that it may look, if it's on another machine: see
#                   scripts/token.sh, and --monitor-host of the server.
#   --help          this text.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib/setup.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/setup.sh"

server=http://127.0.0.1:${PORT:-8000}
port=9090
token=
while [[ $# -gt 0 ]]; do
    case $1 in
        -h | --help)
            print_header "$0"
            exit 0
            ;;
        --server | --port | --token)
            [[ -n ${2:-} ]] || fail "$1 needs a value" "scripts/monitor.sh --help says which."
            declare "${1#--}=$2"
            shift 2
            ;;
        *) fail "unknown argument $1" "scripts/monitor.sh --help lists them." ;;
    esac
done
[[ $server =~ ^(https?)://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(:[0-9]+)?/?$ ]] ||
    fail "--server $server is not the address of a server" "Write it as http://HOST:PORT."
scheme=${BASH_REMATCH[1]} target=${BASH_REMATCH[2]}${BASH_REMATCH[3]}
[[ $port =~ ^[0-9]+$ ]] || fail "--port $port is not a port"
set_up monitor

folder=$(mktemp -d "${TMPDIR:-/tmp}/chapter08-monitor-XXXXXX")
mkfifo "$folder/nothing"
prometheus=''

end() {
    trap - EXIT INT TERM
    [[ -z $prometheus ]] || kill "$prometheus" 2>/dev/null || true
    [[ -z $prometheus ]] || wait "$prometheus" 2>/dev/null || true
    rm -rf "$folder"
}
trap end EXIT
trap 'exit 0' INT TERM

# The configuration of the FAQ, for this server.
write_configuration() {
    local from=$root/docs/src/faq
    cp "$from/chat_rules.yml" "$folder/chat_rules.yml"
    sed -e "s|scheme: http$|scheme: $scheme|" -e "s|\"127.0.0.1:8000\"|\"$target\"|" \
        "$from/prometheus.yml" >"$folder/prometheus.yml"
    if [[ -n $token ]]; then
        (umask 077 && printf '%s' "$token" >"$folder/token")
        printf '    authorization:\n      credentials_file: %s\n' "$folder/token" >>"$folder/prometheus.yml"
    fi
    promtool check config "$folder/prometheus.yml" >"$folder/check.log" 2>&1 ||
        fail "promtool refuses the configuration:" "$(<"$folder/check.log")"
}

# api PATH: what Prometheus answers.
api() {
    exec 4<>"/dev/tcp/127.0.0.1/$port" || return 1
    printf 'GET %s HTTP/1.0\r\n\r\n' "$1" >&4
    sed '1,/^\r$/d' <&4
    exec 4<&-
} 2>/dev/null

start() {
    local attempt
    prometheus --config.file "$folder/prometheus.yml" --storage.tsdb.path "$folder/data" \
        --web.listen-address "127.0.0.1:$port" --log.level warn >"$folder/prometheus.log" 2>&1 &
    prometheus=$!
    for ((attempt = 0; attempt < 600; ++attempt)); do
        if kill -0 "$prometheus" 2>/dev/null && [[ $(api /-/ready) == *Ready* ]]; then return 0; fi
        kill -0 "$prometheus" 2>/dev/null || break
        sleep 0.05
    done
    tail -n 20 "$folder/prometheus.log" >&2
    fail "Prometheus did not start: see above" "Another program may have port $port: --port names another."
}

# The alerts that are on: `NAME: what is wrong`, one a line.
alerts() {
    api /api/v1/alerts | /usr/bin/python3 -c '
import json, sys
for alert in json.load(sys.stdin)["data"]["alerts"]:
    if alert["state"] == "firing":
        print(alert["labels"]["alertname"] + ": " + alert["annotations"]["summary"])
' | sort -u
}

# Says what has changed.
say_alerts() {
    local name
    alerts >"$folder/now" 2>/dev/null || return 0
    while read -r name; do
        note "  $(date +%H:%M:%S)  ALERT $name"
    done < <(comm -13 <(cut -d : -f 1 "$folder/before" | sort -u) <(cut -d : -f 1 "$folder/now" | sort -u) |
        while read -r name; do grep -m 1 "^$name:" "$folder/now"; done)
    while read -r name; do
        note "  $(date +%H:%M:%S)  over  $name"
    done < <(comm -23 <(cut -d : -f 1 "$folder/before" | sort -u) <(cut -d : -f 1 "$folder/now" | sort -u))
    mv "$folder/now" "$folder/before"
}

write_configuration
say "Starting Prometheus, which watches $server"
start
: >"$folder/before"
note "  live:    $server/status"
note "  metrics: $server/metrics"
note "  ask:     promtool query instant http://127.0.0.1:$port 'sum(rate(chat_messages_sent_total[1m]))'"
note "  Alerts are printed here. Ctrl-C ends."
exec 3<>"$folder/nothing"
while kill -0 "$prometheus" 2>/dev/null; do
    say_alerts
    read -r -u 3 -t 2 || true
done
tail -n 20 "$folder/prometheus.log" >&2
fail "Prometheus has ended: see above"
