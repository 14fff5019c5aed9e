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
from neighbours import links  # type: ignore[import-not-found]
from network import REFUSED, refuse_network  # type: ignore[import-not-found]
from possible import parsed  # type: ignore[import-not-found]

LINES = ("__file__", "__startline__", "__endline__", "start_line", "end_line")
"""Keys that checkov's reader of plans leaves in every block."""


def main(folder: Path, output: Path, checks: str) -> None:
    """Scan the plan and the manifests in ``folder``; ``checks`` is a folder of further checks."""
    sys.addaudithook(refuse_network)
    from checkov.common.checks.base_check import BaseCheck  # type: ignore[import-not-found]
    from checkov.common.graph.checks_infra.base_check import BaseGraphCheck  # type: ignore[import-not-found]
    from checkov.common.models.enums import CheckResult  # type: ignore[import-not-found]
    from checkov.runner_filter import RunnerFilter  # type: ignore[import-not-found]
    from checkov.terraform import graph_manager, plan_parser, plan_runner  # type: ignore[import-not-found]

    logging.disable(logging.CRITICAL)
    plan = _json(folder / "plan.json")
    unknown = _json(folder / "holes.json")
    linked = links(plan, unknown) if plan else {}
    judge = Judge(unknown, CheckResult, plan_runner.TF_LIFECYCLE_CHECK_IDS, linked)
    judge.patch(BaseCheck, BaseGraphCheck)
    # checkov leaves out the order of replacement, which Terraform's plans don't tell; the judge knows who tells it.
    plan_runner.TF_LIFECYCLE_CHECK_IDS = set()
    read_blocks(plan_parser)
    records: list[dict[str, Any]] = []
    if plan:
        keep_documents(graph_manager.TerraformGraphManager, documents(plan))
        chosen = RunnerFilter(framework=["terraform_plan"], show_progress_bar=False)
        records += told(plan_runner.Runner().run(None, [checks], [str(folder / "plan.json")], chosen), CheckResult)
    manifests = folder / "manifests"
    if manifests.exists():
        from checkov.kubernetes.runner import Runner as ManifestRunner  # type: ignore[import-not-found]

        chosen = RunnerFilter(framework=["kubernetes"], show_progress_bar=False)
        records += told(ManifestRunner().run(str(manifests), [checks], None, chosen), CheckResult)
    found = {"records": records, "undecided": judge.undecided, "broken": judge.broken, "refused": REFUSED}
    output.write_text(json.dumps(found))


def read_blocks(parser: Any) -> None:
    """A plan as checkov reads Terraform's own files: the documents of all types, and blocks without lines of their own.

    Of a plan it reads the documents of some types only, and an empty block with lines in it isn't empty to its checks.
    """
    whole = parser._hclify

    def hclify(obj: Any, conf: Any = None, parent_key: Any = None, resource_type: Any = None) -> Any:
        made = whole(obj, conf, parent_key, resource_type)
        made |= {key: [value] for key, value in _documents(obj).items()}
        # The resource itself keeps its lines: checkov finds it by them.
        return made if resource_type else {key: value for key, value in made.items() if key not in LINES}

    parser._hclify = hclify


def documents(plan: dict[str, Any]) -> dict[str, set[str]]:
    """Address -> the arguments that hold a document."""
    resources = plan["planned_values"]["root_module"]["resources"]
    return {each["address"]: set(_documents(each["values"])) for each in resources}


def _documents(values: dict[str, Any]) -> dict[str, Any]:
    told = {key: parsed(value) for key, value in values.items() if isinstance(value, str)}
    return {key: value for key, value in told.items() if isinstance(value, dict)}


def keep_documents(manager: Any, known: dict[str, set[str]]) -> None:
    """A document in the graph has lists where the text has them.

    checkov's graph takes one-element lists of a plan for blocks, so ``Statement: [{...}]`` would be no list.
    """
    whole = manager.build_graph_from_definitions

    def build(this: Any, *arguments: Any, **named: Any) -> Any:
        graph = whole(this, *arguments, **named)
        for vertex in graph.vertices:
            for conf in _configurations(vertex):
                vertex.attributes.update({key: conf[key] for key in known.get(conf.get("__address__", ""), ())})
        return graph

    manager.build_graph_from_definitions = build


def _configurations(vertex: Any) -> list[dict[str, Any]]:
    """Of a resource: it stands below its type and its name."""
    if vertex.block_type != "resource":
        return []
    return [conf for named in vertex.config.values() for conf in named.values() if isinstance(conf, dict)]


def _json(path: Path) -> dict[str, Any]:
    """What a file says; nothing where it isn't there."""
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
