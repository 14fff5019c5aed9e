#!/usr/bin/env bash
# full-restore.sh FOLDER: stops the application, replaces the whole database by a backup that was checked first, keeps a backup
# of what was there before, starts the application and checks it.
set -euo pipefail

folder="${1:?usage: full-restore.sh FOLDER of the backup}"
scripts="$(cd "$(dirname "$0")" && pwd)"
node "$scripts/backup.js" check "$folder"
pm2 stop cryptique-backend cryptique-rag-worker >/dev/null
start_again() {
    pm2 start cryptique-backend cryptique-rag-worker >/dev/null
}
trap start_again EXIT
before="${HOST_ROOT:-}/var/backups/cryptique/mongodb"
mkdir -p "$before"
node "$scripts/backup.js" mongodb "$before/emergency_$(date -u +%Y%m%d_%H%M%S)"
node "$scripts/restore-database.js" "$folder"
trap - EXIT
start_again
exec node "$scripts/probe.js" "$(sed -n 's/^PUBLIC_URL=//p' "${HOST_ROOT:-}/etc/cryptique/host.env")" --attempts 30 /health /api/status
