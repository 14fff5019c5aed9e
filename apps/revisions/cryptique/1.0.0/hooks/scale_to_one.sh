#!/usr/bin/env bash
# With one process the reload has one place where it can fail, and two releases never answer side by side for long.
source "$(dirname "$0")/common.sh"

scale cryptique-backend 1
