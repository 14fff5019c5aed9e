#!/usr/bin/env bash
# Makes the release's own folder once, with exactly the dependencies of the lock file. A release that is there already is
# left as it is, so going back to it needs no registry.
source "$(dirname "$0")/common.sh"

mkdir -p "$APP/releases"
# Two installations never overlap; npm keeps the lock for as long as it runs, even when this script is killed.
exec 9>"$APP/install.lock"
flock --wait 600 9 || fail "another installation has held $APP/install.lock for ten minutes: end it"

if [ -d "$RELEASE" ]; then
    echo "$(basename "$RELEASE") is installed already"
    exit 0
fi
partial="$APP/releases/.partial"
rm -rf "$partial"
cp -R "$APP/incoming" "$partial"
cd "$partial"
npm ci --omit=dev --ignore-scripts --prefer-offline --no-audit --no-fund --loglevel=error
mv "$partial" "$RELEASE"
echo "installed $(basename "$RELEASE")"
