"""Rows about what lies in buckets: the two of a stack, and the zips of the releases that it is pinned to."""

from __future__ import annotations

from cli.preflight import artifacts, buckets
from cli.preflight.facts import PreflightContext
from cli.preflight.rows import CheckResult, fine, missing
from cli.release import retiring
from stacks.artifact_objects import ArtifactObject

NAMED = 3
"""Artifacts that a row names; the others are counted."""


def artifact_bucket(facts: PreflightContext) -> CheckResult:
    """The bucket that functions, layers and revisions are taken from."""
    project, caller = facts.settings.project, facts.known_caller()
    return buckets.artifacts(facts.client("s3"), project.artifact_bucket, facts.settings.region, caller.account)


def recovery_bucket(facts: PreflightContext) -> CheckResult:
    """The bucket of recovery points and of the ledger."""
    bucket, caller = facts.settings.project.recovery_bucket, facts.known_caller()
    return buckets.recovery(facts.client("s3"), bucket, caller.account)


def pinned_artifacts(facts: PreflightContext) -> CheckResult:
    """The zips that an update to the pinned releases would take, by their hashes."""
    caller = facts.known_caller()
    needed, s3 = facts.needed, facts.client("s3")
    if not needed:
        return fine("everything that the pinned releases run is deployed")
    bucket = facts.settings.project.artifact_bucket
    there = buckets.artifacts_there(s3, bucket, facts.settings.region, caller.account)
    if there.remedy:
        return missing(f"{len(needed)} are needed: {there.detail}", "see the row of the artifact bucket first")
    releases = sorted({chosen.version for chosen in facts.selected.values()})
    # A stack has the layers of every release; what was retired comes back by its release's name alone.
    retired = retiring.retired()
    named = releases if any(item.key in retired for item in needed) else []
    words = ["rollback release publish -s STACK", *(f"rollback release publish {each} -s STACK" for each in named)]
    publish = " and ".join(f"`{each}`" for each in words)
    if lacking := artifacts.missing(facts.settings, facts.selected, facts.state, s3):
        return missing(
            f"{len(lacking)} of {len(needed)} aren't in {bucket}: {_keys(lacking)}", f"{publish} brings them"
        )
    if wrong := artifacts.exchanged(facts.settings, facts.selected, facts.state, s3):
        return missing(
            f"{len(wrong)} hold something else than their keys say: {_keys(wrong)}",
            f"find out who wrote them to {bucket} and delete them; then {publish} brings the right ones",
        )
    return fine(f"all {len(needed)} that an update would take are in {bucket}")


def _keys(items: list[ArtifactObject]) -> str:
    more = f" and {len(items) - NAMED} more" if len(items) > NAMED else ""
    return ", ".join(item.key for item in items[:NAMED]) + more
