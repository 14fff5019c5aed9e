#!/usr/bin/env bash
# Fills in and checks the env file and the nginx configuration before either is put in place.
source "$(dirname "$0")/common.sh"

render() {
    HOST_ROOT="$ROOT" node "$REVISION/scripts/render.js" "$1" "$HOST_ENV"
}

render "$REVISION/config/env.production.template" >"$RELEASE/.env.production.checked"
chmod 600 "$RELEASE/.env.production.checked"
node "$REVISION/scripts/check-env.js" "$RELEASE/.env.production.checked" "$REVISION/config/env.schema.json"
render "$REVISION/config/nginx.conf.template" >"$RELEASE/nginx.conf.checked"

# nginx -t takes a whole configuration: the machine's own, with this site in the place of the one that is there.
candidate="$NGINX/candidate"
trap 'rm -rf "$candidate" "$NGINX/candidate.conf"' EXIT
rm -rf "$candidate"
mkdir -p "$candidate/sites-enabled" "$NGINX/sites-enabled"
for site in "$NGINX"/sites-enabled/*; do
    if [ -e "$site" ]; then cp -L "$site" "$candidate/sites-enabled/"; fi
done
cp "$RELEASE/nginx.conf.checked" "$candidate/sites-enabled/cryptique"
sed 's#sites-enabled/#candidate/sites-enabled/#' "$NGINX/nginx.conf" >"$NGINX/candidate.conf"
nginx -t -c "$NGINX/candidate.conf" || fail "the nginx configuration of $VERSION is refused: nothing was put in place"
