#!/usr/bin/env bash
# The way that users come, through nginx: both endpoints answer 200, and it is this version that answers.
source "$(dirname "$0")/common.sh"

url="$(host_setting PUBLIC_URL)"
node "$REVISION/scripts/probe.js" "$url" --version "$VERSION" --attempts 30 /health /api/status
