# Read by every hook. HOST_ROOT is empty on a machine of its own; where a folder plays the machine's "/", it is that folder.
set -euo pipefail

ROOT="${HOST_ROOT:-}"
APP="$ROOT/opt/cryptique"
NGINX="$ROOT/etc/nginx"
HOST_ENV="$ROOT/etc/cryptique/host.env"
REVISION="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
VERSION="$(sed -n "s/^module.exports = '\(.*\)';$/\1/p" "$REVISION/src/version.js")"
# Named after the content as well: two revisions that call themselves the same never share a folder.
DIGEST="$(cd "$REVISION" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -c1-12)"
RELEASE="$APP/releases/$VERSION-$DIGEST"

fail() {
    echo "$*" >&2
    exit 1
}

# Prints a setting of the machine; fails where it has none of that name.
host_setting() {
    local line
    line="$(grep "^$1=" "$HOST_ENV")" || fail "$HOST_ENV has no $1"
    echo "${line#*=}"
}

# Brings an application of pm2 to a number of processes. pm2 itself refuses a number that it has already.
scale() {
    local now
    now="$(pm2 pid "$1" | grep -c '^[1-9][0-9]*$' || true)"
    if [ "$now" -eq 0 ]; then
        echo "$1 isn't running, so there is nothing to scale"
    elif [ "$now" -eq "$2" ]; then
        echo "$1 stays at $2"
    else
        pm2 scale "$1" "$2" >/dev/null
        echo "$1 goes from $now to $2"
    fi
}
