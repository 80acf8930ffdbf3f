# A private MariaDB for keep.sh. $1: folder with server.crt and server.key, and perhaps setup.sql; it is reached at
# $MYSQL_TCP_PORT of 127.0.0.1. Its administrator is let in at the socket only. It would run as root when told to; root
# hands it to somebody who may do less, and the package of the server alone brings no user.
settings=$1 user=nobody PATH=$PATH:/usr/sbin
administrator=$(id -un)
if ! command -v mariadbd >/dev/null; then
    echo "MariaDB is not installed: run scripts/setup (Debian packages mariadb-server-core and mariadb-client)" >&2
    exit 1
fi

make() {
    as_server mariadb-install-db --no-defaults --datadir="$folder/data" --tmpdir="$folder" \
        --skip-test-db --skip-name-resolve --debug-no-sync --auth-root-socket-user="$administrator" >log 2>&1 ||
        { cat log >&2; exit 1; }
}

# A folder for temporary files of its own: a server that starts removes those of others.
serve() {
    as_server mariadbd --no-defaults --datadir="$folder/data" --tmpdir="$folder" --socket="$folder/socket" \
        --pid-file="$folder/pid" --bind-address=127.0.0.1 --port="$MYSQL_TCP_PORT" --skip-name-resolve \
        --character-set-server=utf8mb4 \
        --ssl-cert="$folder/server.crt" --ssl-key="$folder/server.key" --require-secure-transport=on \
        --innodb-flush-log-at-trx-commit=0 --innodb-doublewrite=off --local-infile=off
}

answers() {
    echo 'SELECT 1' | run
}

run() {
    mariadb --no-defaults --socket="$folder/socket" --user="$administrator"
}

finish() {
    if [ -e pid ]; then kill -TERM "$(cat pid)"; fi
}
