#!/usr/bin/env bash
# Ends the deployments that are under way in an environment, so that going back needn't wait for them.
#
# ENVIRONMENT, STACK, GH_TOKEN. deploy.yml puts the environment at the end of its run's name.
# PATIENCE: seconds until a run that doesn't end is ended by force; GitHub gives its steps 10 seconds by itself.
set -euo pipefail

patience=${PATIENCE:-120}
active='.[] | select(.status != "completed") | select(.displayTitle | endswith(" to " + env.ENVIRONMENT)) | .databaseId'
runs=$(gh run list --workflow deploy.yml --limit 50 --json databaseId,displayTitle,status --jq "$active")
if [ -z "$runs" ]; then
  echo "no deployment is under way in $ENVIRONMENT"
  exit 0
fi

ended() { [ "$(gh run view "$1" --json status --jq .status)" = completed ]; }

for run in $runs; do
  echo "ending deployment $run"
  gh run cancel "$run" || ended "$run"
  deadline=$((SECONDS + patience))
  until ended "$run"; do
    if [ "$SECONDS" -ge "$deadline" ]; then
      gh api --method POST "repos/$GITHUB_REPOSITORY/actions/runs/$run/force-cancel"
      deadline=$((SECONDS + patience))
    fi
    sleep 5
  done
done
# The engine of a run that was ended leaves its lock; without one this fails, and nothing is in the way.
pulumi cancel --yes "$STACK" || true
