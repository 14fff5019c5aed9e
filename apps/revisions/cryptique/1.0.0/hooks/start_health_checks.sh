#!/usr/bin/env bash
source "$(dirname "$0")/common.sh"

systemctl start cryptique-health-check
echo "health checks are started"
