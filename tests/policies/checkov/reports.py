"""A report by hand, with one of each kind."""

from __future__ import annotations

from datetime import date

from policies.checkov.baseline import Entry
from policies.checkov.findings import CheckovFinding, NotBridged, Report, Skipped, Undecided
from policies.checkov.resources import Source
from tests.policies.checkov.previews import BUCKET, urn

REASON = "long enough to be a reason"
NAMED = {"urn": urn(BUCKET, "one"), "type": BUCKET, "name": "one"}
LINE = Source(file="parts/a b.py", line=3, column=7)
FINDING = CheckovFinding(
    check="CKV_AWS_1", title="Ensure one", source=LINE, through=(Source(file="x.py", line=9),), **NAMED
)
REPORT = Report(
    findings=(FINDING,),
    skipped=(Skipped(check="CKV_AWS_2", title="Ensure two", source=None, reason=REASON, owner="me", **NAMED),),
    undecided=(Undecided(check="CKV_AWS_3", title="Ensure three", source=LINE, reason="x isn't known", **NAMED),),
    not_bridged=(NotBridged(type="random:index/randomId:RandomId", count=2, reason="no bridge for this type"),),
    stale=(Entry(check="CKV_AWS_4", resources="gone-*", reason=REASON, owner="me"),),
    expired=(Entry(check="CKV_AWS_5", reason=REASON, owner="me", expires=date(2026, 1, 1)),),
    resources=3,
    partly_known=1,
    checks_run=12,
    seconds=1.5,
    checkov="3.3.30",
)
NOTHING = Report(
    findings=(),
    skipped=(),
    undecided=(),
    not_bridged=(),
    stale=(),
    expired=(),
    resources=0,
    partly_known=0,
    checks_run=0,
    seconds=0,
    checkov="3.3.30",
)
