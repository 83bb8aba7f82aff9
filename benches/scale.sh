#!/usr/bin/env bash
# Prints the tables of the page `scale` of the crate's documentation, in the same form.
#
#   benches/scale.sh            everything, in about 10 minutes and 8 GB of memory
#   benches/scale.sh memory     accounts in memory
#   benches/scale.sh redb       accounts in a file
#   benches/scale.sh server     the server behind a socket, on redb and on its own PostgreSQL
#   benches/scale.sh durable    sign-ins beside bare writes, on redb and on its own PostgreSQL, which wait for the disk
#
# Set the numbers of accounts with MEMORY, REDB, SERVER. The load generator is wrk, which is taken
# from Debian if possible; PostgreSQL is skipped if there is none. Everything is on loopback.
set -euo pipefail
cd "$(dirname "$0")"

MEMORY="${MEMORY:-10000000}"
REDB="${REDB:-1000000}"
SERVER="${SERVER:-1000000}"
# For the server: users of each kind of traffic, connections, and the duration of each kind.
USERS="${USERS:-20000}"
CONNECTIONS="${CONNECTIONS:-16}"
DURATION="${DURATION:-5}"

[ $# -gt 0 ] || set -- memory redb server durable
for part in "$@"; do
    case "$part" in
        memory | redb | server | durable | on_postgres | durable_on_postgres) ;;
        *)
            sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${0##*/}" >&2
            exit 2
            ;;
    esac
done
target="${CARGO_TARGET_DIR:-$PWD/target}"
folder="$(mktemp -d "${TMPDIR:-/tmp}/oob-mfa-scale.XXXXXX")"
stop_server() {
    [ -z "${server:-}" ] || { kill "$server" && wait "$server"; } 2>/dev/null || true
    server=''
}
stop() {
    stop_server
    rm -rf "$folder"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Cargo reports on standard error; the output has only the tables.
case "$1" in
    # Within itself.
    on_postgres | durable_on_postgres) ;;
    *) cargo build --release --locked --quiet -p oob-mfa-scale -p oob-mfa-server ;;
esac
scale="$target/release/scale"

machine() {
    local model memory
    model="$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)"
    memory="$(awk '/^MemTotal/ { printf "%.0f", $2 / 1000000 }' /proc/meminfo)"
    echo "$(nproc) processors (${model:-unknown}), $memory GB of memory, $(rustc --version | cut -d ' ' -f 1,2)."
    echo
}

memory() {
    # Both forms with a tenth of the accounts; then the better form with all of them.
    "$scale" memory "$((MEMORY / 10))" account
    echo
    "$scale" memory "$((MEMORY / 10))" record
    echo
    "$scale" memory "$MEMORY" record
    echo
}

redb() {
    "$scale" redb "$REDB" "$folder/accounts.redb"
    rm "$folder/accounts.redb"
    echo
}

durable() {
    REDB_FILE="$folder/accounts.redb" OOB_MFA_TEST_FSYNC=on ../.ci/with-services "$PWD/scale.sh" durable_on_postgres
    rm "$folder/accounts.redb"
    echo
}

durable_on_postgres() {
    local stores=("redb:$REDB_FILE" redb)
    [ -z "${OOB_MFA_TEST_POSTGRES:-}" ] || stores+=("$OOB_MFA_TEST_POSTGRES" PostgreSQL)
    "$scale" durable "${stores[@]}"
}

server() {
    if ! command -v wrk >/dev/null; then
        { apt-get update && apt-get install --yes --no-install-recommends wrk; } >&2 || {
            echo 'the server is asked by wrk, which has to be installed' >&2
            return 1
        }
    fi
    echo '| server on | traffic | per second | of /healthz | p50 ms | p99 ms | p99.9 ms | processor µs each |'
    echo '| --- | --- | --- | --- | --- | --- | --- | --- |'
    export FLEET="$folder"
    on_redb
    # It starts a PostgreSQL, and passes its address to this program.
    MEASURED="$folder/postgres" ../.ci/with-services "$PWD/scale.sh" on_postgres
    echo
    [ ! -e "$folder/postgres" ] || cat "$folder/postgres"
    echo '```text'
    cat "$folder"/*.fleet
    echo '```'
}

on_redb() {
    prepare "$folder/accounts.redb"
    start "redb:$folder/accounts.redb"
    # Every write waits for the disk, so there are few.
    served 'redb, durable' "redb:$folder/accounts.redb" "$((USERS / 10))"
}

on_postgres() {
    local url="${OOB_MFA_TEST_POSTGRES:-}" fsync
    [ -n "$url" ] || return 0
    ask_postgres() { psql --no-psqlrc --quiet --tuples-only --no-align "$url" --command "$1"; }
    prepare "$folder/accounts.copy"
    # It creates the tables.
    start "$url"
    ask_postgres "\\copy oob_mfa_accounts (subject, revision, record) from '$folder/accounts.copy'"
    rm "$folder/accounts.copy"
    {
        echo '| in PostgreSQL | accounts | bytes of the table per account | bytes of the index per account |'
        echo '| --- | --- | --- | --- |'
        ask_postgres "VACUUM ANALYZE oob_mfa_accounts"
        ask_postgres "SELECT format('| on disk | %s | %s | %s |', count(*),
            pg_table_size('oob_mfa_accounts') / count(*), pg_indexes_size('oob_mfa_accounts') / count(*))
            FROM oob_mfa_accounts"
        echo
    } >"$MEASURED"
    fsync="$(ask_postgres 'SHOW fsync')"
    served "PostgreSQL, fsync $fsync" "$url" "$USERS"
}

prepare() {
    "$scale" prepare "$1" "$folder/key" "$folder" "$CONNECTIONS" "$USERS" "$SERVER"
}

# The server on a store: it listens when this returns.
start() {
    local tries
    printf 'signing_algorithm = "ES256"\n[[clients]]\nid = "demo"\nsecret = "demo-secret"\n' >"$folder/config.toml"
    : >"$folder/log"
    # Its messages go nowhere; its log goes into a file, as a service's does.
    OOB_MFA_STORE="$1" "$target/release/oob-mfa-server" --listen 127.0.0.1:0 --config "$folder/config.toml" \
        --key-file "$folder/key" --outbox /dev/null >"$folder/log" 2>&1 &
    server=$!
    for ((tries = 0; tries < 300; tries++)); do
        address="$(sed -n 's/.*listening address=\([0-9.:]*\).*/\1/p' "$folder/log")"
        [ -z "$address" ] || return 0
        sleep 0.1
    done
    cat "$folder/log" >&2
    return 1
}

# The figures scaled to the service of the page: 4,630 logins a second, 9,723 writes.
fleet() {
    awk -F '\t' -v on="$1" '
        $1 == "challenge" { challenge = $7 }
        $1 == "right" { right = $7 }
        $1 == "wrong" { wrong = $7 }
        $1 ~ /write/ { writes = $3 }
        END {
            login = int(challenge + right + wrong / 10 + 0.5)
            printf "%d + %d + 0.1 × %d = %d µs of the server for a login on %s\n", challenge, right, wrong, login, on
            printf "4,630 × %d ÷ 1,000,000 = %.1f processors for the server\n", login, 4630 * login / 1000000
            printf "9,723 ÷ %d = %.1f stores as fast as this one\n", writes, 9723 / writes
        }' "$folder/lines"
}

# Every kind of traffic for a while, then the store alone, with this many writes.
served() {
    local on="$1" store="$2" written="$3" traffic
    : >"$folder/lines"
    for traffic in healthz refused wrong challenge right login; do
        ask "$traffic" >>"$folder/lines"
    done
    stop_server
    "$scale" bare "$store" "$folder/key" "$CONNECTIONS" "$USERS" "$written" >>"$folder/lines"
    fleet "$on" >"$FLEET/${on%%[ ,]*}.fleet"
    # The rate, also relative to that of /healthz.
    awk -F '\t' -v on="$on" '
        $1 == "healthz" { healthz = $3 }
        { printf "| %s | %s | %d | %.3f | %.1f | %.1f | %.1f | %d |\n",
            on, $1, $3, $3 / healthz, $4 / 1000, $5 / 1000, $6 / 1000, $7 }' "$folder/lines"
}

ask() {
    local before after
    before="$(ticks)"
    wrk --threads "$CONNECTIONS" --connections "$CONNECTIONS" --duration "$DURATION" --script scale.lua \
        "http://$address" -- "$folder" "$1" "$folder/result" >"$folder/wrk.log" || {
        cat "$folder/wrk.log" >&2
        return 1
    }
    after="$(ticks)"
    awk -F '\t' -v OFS='\t' -v ticks="$((after - before))" \
        '{ print $0, int(ticks * 10000 / $2 + 0.5) }' "$folder/result"
}

# The processor time of the server, in 1/100 seconds.
ticks() {
    sed 's/.*) //' "/proc/$server/stat" | awk '{ print $12 + $13 }'
}

case "$1" in on_postgres | durable_on_postgres) ;; *) machine ;; esac
for part in "$@"; do
    "$part"
done
