"""Runs checkov in its own environment over files, and writes what it found as JSON: ``worker.py INPUT OUTPUT CHECKS``.

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

REFUSED: list[str] = []
NETWORK = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "socket.sendmsg")
"""Events of Python's audit hooks (PEP 578, "Audit events table"); a hook can't be taken off again."""


def refuse_network(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook: every attempt to reach anything fails, and is told."""
    if event in NETWORK:
        REFUSED.append(f"{event} {arguments[-2:]!r}")
        raise OSError(f"{event} is refused: checkov works offline here")


def main(folder: Path, output: Path, checks: str) -> None:
    """Scan the plan and the manifests in ``folder``; ``checks`` is a folder of further checks."""
    sys.addaudithook(refuse_network)
    from checkov.common.checks.base_check import BaseCheck  # type: ignore[import-not-found]
    from checkov.common.models.enums import CheckResult  # type: ignore[import-not-found]
    from checkov.runner_filter import RunnerFilter  # type: ignore[import-not-found]

    logging.disable(logging.CRITICAL)
    broken: list[dict[str, str]] = []
    whole = BaseCheck.run

    def forgiving(self: Any, scanned_file: str, entity_configuration: Any, *more: Any, **named: Any) -> Any:
        """A check that can't cope with a resource judges nothing; checkov itself would end the scan."""
        try:
            return whole(self, scanned_file, entity_configuration, *more, **named)
        except Exception as error:
            address = entity_configuration.get("__address__", "")
            said = f"{type(error).__name__}: {error}"
            broken.append({"check": self.id, "resource": address, "file": Path(scanned_file).name, "said": said})
            return {"result": CheckResult.UNKNOWN}

    BaseCheck.run = forgiving
    records: list[dict[str, Any]] = []
    plan = folder / "plan.json"
    if plan.exists():
        from checkov.terraform.plan_runner import Runner as PlanRunner  # type: ignore[import-not-found]

        chosen = RunnerFilter(framework=["terraform_plan"], show_progress_bar=False)
        records += told(PlanRunner().run(None, [checks], [str(plan)], chosen), CheckResult)
    manifests = folder / "manifests"
    if manifests.exists():
        from checkov.kubernetes.runner import Runner as ManifestRunner  # type: ignore[import-not-found]

        chosen = RunnerFilter(framework=["kubernetes"], show_progress_bar=False)
        records += told(ManifestRunner().run(str(manifests), [checks], None, chosen), CheckResult)
    output.write_text(json.dumps({"records": records, "broken": broken, "refused": REFUSED}))


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
