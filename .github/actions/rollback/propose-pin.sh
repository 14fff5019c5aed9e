#!/usr/bin/env bash
# Proposes what an update wrote to the stack's file as a pull request, and starts the checks on it.
#
# Whether the update succeeded doesn't matter: `rollback` pins what runs. GitHub starts no workflow for what the token of
# a workflow does, or waits for somebody's leave, except for workflow_dispatch: so the checks are dispatched.
#
# STACK, GH_TOKEN, and what GitHub sets. The output `patch` names a file that is kept as an artifact, whatever fails here.
set -euo pipefail

checks=(tests.yml policy-review.yml)
file="stacks/Pulumi.$STACK.yaml"
if git diff --quiet -- "$file"; then
  echo "$STACK stays pinned as it is"
  exit 0
fi
patch="$RUNNER_TEMP/pin-$STACK.patch"
git diff -- "$file" > "$patch"
echo "patch=$patch" >> "$GITHUB_OUTPUT"
# The branch that was checked out; where another repository called, GITHUB_REF_NAME is a branch of that one.
base=$(git symbolic-ref --quiet --short HEAD || echo "$GITHUB_REF_NAME")
branch="pin/$STACK-$GITHUB_RUN_ID-$GITHUB_RUN_ATTEMPT"
git switch --quiet --create "$branch"
git -c user.name=github-actions -c user.email=github-actions@users.noreply.github.com \
  commit --quiet --message "$STACK is pinned at what it runs" -- "$file"
git push --quiet origin "HEAD:refs/heads/$branch"
page="$GITHUB_SERVER_URL/$GITHUB_REPOSITORY/actions/runs/$GITHUB_RUN_ID"
gh pr create --head "$branch" --base "$base" --title "$STACK is pinned at what it runs" \
  --body "Written by [this run]($page), so that the next update of $STACK doesn't bring another release back."
number=$(gh pr view "$branch" --json number --jq .number)
for check in "${checks[@]}"; do
  gh workflow run "$check" --ref "$branch" --field pull_request="$number"
done
