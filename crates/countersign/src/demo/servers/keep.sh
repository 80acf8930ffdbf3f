# Runs the server that the lines before this tell how to `make`, `serve` and `finish`, in a folder of its own, until
# standard input ends: that is when whoever started this has ended, however that came. Each line before is `start` or
# `stop`, and is echoed when that is done; the first line printed is the folder.
set -eu
folder=$(mktemp -d "/tmp/private-$user.XXXXXX")
trap 'rm -rf "$folder"' EXIT
cd "$folder"
if [ "$(id -u)" = 0 ]; then chown "$user" .; fi

as_server() {
    if [ "$(id -u)" = 0 ]; then
        setpriv --reuid="$user" --regid="$(id -gn "$user")" --clear-groups "$@"
    else
        "$@"
    fi
}

# One file of the settings, for the server alone.
hand_over() {
    as_server sh -c 'umask 077; cat >"$1"' sh "$1" <"$settings/$1"
}

start() {
    # Its own redirection, of which the shell keeps no copies: whoever reads our output sees its end.
    (exec >>log 2>&1 && serve) &
    server=$!
    until answers >/dev/null 2>&1; do
        kill -0 "$server" 2>/dev/null || { cat log >&2; exit 1; }
        sleep 0.1
    done
}

stop() {
    finish
    wait
}

if [ -n "$settings" ]; then
    hand_over server.crt
    hand_over server.key
fi
make
start
if [ -e "$settings/setup.sql" ]; then run <"$settings/setup.sql" >/dev/null; fi
echo "$folder"
while read -r word; do "$word" && echo "$word"; done
exec 2>/dev/null
stop
