#!/usr/bin/env bash
# backup.sh mongodb|vectors: writes a backup below /var/backups/cryptique and prints what it holds as JSON.
set -euo pipefail

case "${1:-}" in
    mongodb) name=mongo ;;
    vectors) name=vectors ;;
    *)
        echo "usage: backup.sh mongodb|vectors" >&2
        exit 2
        ;;
esac
folder="${HOST_ROOT:-}/var/backups/cryptique/$1"
mkdir -p "$folder"
exec node "$(dirname "$0")/backup.js" "$1" "$folder/${name}_$(date -u +%Y%m%d_%H%M%S)"
