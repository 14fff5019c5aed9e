"""Runs checkov in its own environment over files, and writes what it found as JSON: ``worker INPUT OUTPUT CHECKS``.

Started by ``policies.checkov.engine`` and never imported by the product: it sees checkov and the standard library only.
checkov's runners are used as a library. Its command line would import all of its thirty scanners, look for an API key
in the user's home and ask its makers for newer versions; here any connection is refused, whoever asks for it.
"""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import Any

from judging import Judge  # type: ignore[import-not-found]
from network import REFUSED, refuse_network  # type: ignore[import-not-found]
from possible import parsed  # type: ignore[import-not-found]


def main(folder: Path, output: Path, checks: str) -> None:
    """Scan the plan and the manifests in ``folder``; ``checks`` is a folder of further checks."""
    sys.addaudithook(refuse_network)
    from checkov.common.checks.base_check import BaseCheck  # type: ignore[import-not-found]
    from checkov.common.graph.checks_infra.base_check import BaseGraphCheck  # type: ignore[import-not-found]
    from checkov.common.models.enums import CheckResult  # type: ignore[import-not-found]
    from checkov.runner_filter import RunnerFilter  # type: ignore[import-not-found]
    from checkov.terraform import plan_parser, plan_runner  # type: ignore[import-not-found]

    logging.disable(logging.CRITICAL)
    judge = Judge(holes(folder), CheckResult, plan_runner.TF_LIFECYCLE_CHECK_IDS)
    judge.patch(BaseCheck, BaseGraphCheck)
    read_documents(plan_parser)
    records: list[dict[str, Any]] = []
    plan = folder / "plan.json"
    if plan.exists():
        chosen = RunnerFilter(framework=["terraform_plan"], show_progress_bar=False)
        records += told(plan_runner.Runner().run(None, [checks], [str(plan)], chosen), CheckResult)
    manifests = folder / "manifests"
    if manifests.exists():
        from checkov.kubernetes.runner import Runner as ManifestRunner  # type: ignore[import-not-found]

        chosen = RunnerFilter(framework=["kubernetes"], show_progress_bar=False)
        records += told(ManifestRunner().run(str(manifests), [checks], None, chosen), CheckResult)
    found = {"records": records, "undecided": judge.undecided, "broken": judge.broken, "refused": REFUSED}
    output.write_text(json.dumps(found))


def read_documents(parser: Any) -> None:
    """Of a plan checkov reads the documents of some types only; of Terraform's own files those of all."""
    whole = parser._hclify

    def hclify(obj: Any, conf: Any = None, parent_key: Any = None, resource_type: Any = None) -> Any:
        made = whole(obj, conf, parent_key, resource_type)
        documents = {key: parsed(value) for key, value in obj.items() if isinstance(value, str)}
        return made | {key: [value] for key, value in documents.items() if isinstance(value, dict)}

    parser._hclify = hclify


def holes(folder: Path) -> dict[str, Any]:
    """The places whose values can't be told, by what stands in them."""
    path = folder / "holes.json"
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return found


def told(reports: Any, results: Any) -> list[dict[str, Any]]:
    """What matters of checkov's records."""
    found = []
    for report in reports if isinstance(reports, list) else [reports]:
        for record in [*report.passed_checks, *report.failed_checks, *report.skipped_checks]:
            outcome = record.check_result
            found.append(
                {
                    "check": record.check_id,
                    "title": record.check_name,
                    "result": results(outcome["result"]).value,
                    "resource": record.resource_address or record.resource,
                    "file": Path(record.file_path).name,
                    "evaluated": [str(key) for key in outcome.get("evaluated_keys") or []],
                    "comment": outcome.get("suppress_comment"),
                }
            )
    return found


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
