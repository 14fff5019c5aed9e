#!/usr/bin/env bash
# Puts the checked release in place: env file, link, nginx site; then reloads the application and nginx.
source "$(dirname "$0")/common.sh"

# Each by a rename, so that whoever reads sees the old or the new one and never a part.
cp -p "$RELEASE/.env.production.checked" "$RELEASE/.env.production.new"
mv "$RELEASE/.env.production.new" "$RELEASE/.env.production"
ln -sfn "releases/$(basename "$RELEASE")" "$APP/.current.new"
mv -T "$APP/.current.new" "$APP/current"
mkdir -p "$NGINX/sites-available" "$NGINX/sites-enabled" "$ROOT/var/log/cryptique"
cp "$RELEASE/nginx.conf.checked" "$NGINX/sites-available/.cryptique.new"
mv "$NGINX/sites-available/.cryptique.new" "$NGINX/sites-available/cryptique"
ln -sfn ../sites-available/cryptique "$NGINX/sites-enabled/cryptique"

cd "$APP/current"
pm2 reload ecosystem.config.js --env production --update-env
nginx -t
systemctl reload nginx
echo "$(basename "$RELEASE") is in place"
