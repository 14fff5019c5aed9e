#!/usr/bin/env bash
# Full capacity again, and what pm2 starts when the machine does.
source "$(dirname "$0")/common.sh"

instances="$(host_setting INSTANCES)"
# pm2 takes "max" where it starts an application, but not where it scales one.
if [ "$instances" = max ]; then instances="$(nproc)"; fi
scale cryptique-backend "$instances"
pm2 save --force >/dev/null
