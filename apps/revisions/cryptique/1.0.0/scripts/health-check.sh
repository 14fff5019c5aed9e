#!/usr/bin/env bash
# What the health-check timer runs: both endpoints through nginx, once. One line each; exit code 0 when both are well.
set -euo pipefail

line="$(grep '^PUBLIC_URL=' "${HOST_ROOT:-}/etc/cryptique/host.env")"
exec node "$(dirname "$0")/probe.js" "${line#*=}" /health /api/status
