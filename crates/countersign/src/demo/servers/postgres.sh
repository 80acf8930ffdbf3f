# A private PostgreSQL for keep.sh. $1: none, or a folder with server.crt and server.key, for TLS at $PGPORT of 127.0.0.1,
# and perhaps setup.sql. Its administrator `countersign` is let in at the socket only. It
# refuses to run as root, so root hands it to the package's user.
settings=$1 user=postgres

# Where Debian keeps the programs of the newest version, or where the search path finds them.
programs=$(ls -d /usr/lib/postgresql/*/bin/initdb 2>/dev/null | sort -V | tail -n 1)
programs=$(dirname "${programs:-$(command -v initdb)}")
if [ ! -x "$programs/initdb" ]; then
    echo "PostgreSQL is not installed: run scripts/setup (Debian package postgresql)" >&2
    exit 1
fi

make() {
    as_server "$programs/initdb" -D data -U countersign -A trust -E UTF8 --locale=C.UTF-8 --no-sync >/dev/null
    printf 'local all countersign trust\nlocal all all scram-sha-256\n' >data/pg_hba.conf
    if [ -z "$settings" ]; then
        echo "listen_addresses = ''" >>data/postgresql.conf
        return
    fi
    printf 'hostssl all all 127.0.0.1/32 scram-sha-256\n' >>data/pg_hba.conf
    printf "listen_addresses = '127.0.0.1'\nport = %s\nssl = on\n" "$PGPORT" >>data/postgresql.conf
    printf "ssl_cert_file = '../server.crt'\nssl_key_file = '../server.key'\n" >>data/postgresql.conf
}

serve() {
    as_server "$programs/postgres" -D "$folder/data" -k "$folder" -c fsync=off -c max_connections=200
}

answers() {
    "$programs/pg_isready" -q -h "$folder" -U countersign
}

run() {
    "$programs/psql" -X -q -v ON_ERROR_STOP=1 -h "$folder" -U countersign -d postgres
}

finish() {
    if [ -e data/postmaster.pid ]; then kill -INT "$(head -n 1 data/postmaster.pid)"; fi
}
