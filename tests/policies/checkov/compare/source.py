"""Runs in checkov's own environment: its verdicts on folders of Terraform, and the resources as it reads them.

``source.py OUTPUT FOLDER...`` writes, for each folder that holds ``.tf`` files: the resources (type, name, arguments
with variables, locals and functions worked out as far as checkov does) and checkov's verdict for each check and
resource.
"""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import Any

OWN = ("__", "start_line", "end_line", "references_", "rendering_breadcrumbs_", "dynamic")


def main(output: Path, folders: list[str]) -> None:
    from checkov.common.models.enums import CheckResult  # type: ignore[import-not-found]
    from checkov.runner_filter import RunnerFilter  # type: ignore[import-not-found]
    from checkov.terraform.checks.utils.base_cloudsplaining_iam_scanner import (  # type: ignore[import-not-found]
        BaseTerraformCloudsplainingIAMScanner,
    )
    from checkov.terraform.runner import Runner  # type: ignore[import-not-found]

    logging.disable(logging.CRITICAL)
    told: dict[str, Any] = {}
    for folder in folders:
        # checkov keeps policies by file and resource, and every example has a ``main.tf``.
        BaseTerraformCloudsplainingIAMScanner.policy_document_cache.clear()
        runner = Runner()
        chosen = RunnerFilter(framework=["terraform"], show_progress_bar=False)
        # One folder at a time, without those below it: each is an example of its own.
        files = sorted(str(each) for each in Path(folder).glob("*.tf"))
        try:
            report = runner.run(None, None, files, chosen)
        except Exception as error:
            told[folder] = {"error": f"{type(error).__name__}: {error}"}
            continue
        verdicts = [
            [record.check_id, record.resource, CheckResult(record.check_result["result"]).value]
            for record in [*report.passed_checks, *report.failed_checks, *report.skipped_checks]
        ]
        told[folder] = {
            "resources": _resources(runner.definitions or {}),
            "connections": _connections(runner.graph_manager.get_reader_endpoint()),
            "verdicts": verdicts,
        }
    output.write_text(json.dumps(told, default=str))


def _resources(definitions: Any) -> list[dict[str, Any]]:
    found = []
    for definition in definitions.values():
        for block in definition.get("resource") or []:
            for kind, named in block.items():
                for name, arguments in named.items():
                    found.append({"type": kind, "name": name, "arguments": _plain(arguments)})
    return found


def _connections(graph: Any) -> list[list[str]]:
    """Resource, argument and the resource that it refers to: checkov puts known values in place of references."""
    found = []
    for start, end, edge in graph.weighted_edge_list():
        names = [graph[each][1].get("block_name_", "") for each in (start, end)]
        label = edge.get("label") if isinstance(edge, dict) else edge
        found.append([names[0], str(label), names[1]])
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items() if not str(key).startswith(OWN)}
    if isinstance(value, (list, tuple, set)):
        return [_plain(each) for each in value]
    return value


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
