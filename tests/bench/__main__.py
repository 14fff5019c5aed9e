"""``python -m tests.bench``: speeds and memory, each as a ratio to something measured beside it in the same run.

Prints a table, or JSON with ``--output json``. With ``--strict`` a bound that doesn't hold is exit code 1.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sandbox.paths import SandboxError, State
from tests.bench import helm, pack, rest
from tests.bench.measure import Figures, PeakMemory, cpu_ratio, interleaved, ratio, timed
from tests.bench.subjects import MINUTE, NEWER, OLDER, Part, Subjects, deployed
from tests.support.project import Project
from toolchain.errors import ToolchainError
from toolchain.paths import cache

PARTS: dict[str, Part] = {
    "all": "all",
    "previews": "all",
    "pack": "prod",
    "cpu": "prod",
    "rest": "prod",
    "rollouts": "rag-api",
}
"""What is deployed for a part."""
EMPTY = "the same with an empty pack"
PREVIEW_BOUND = 2.0
"""The project's acceptance: a preview without changes takes at most twice an empty program's, time and CPU time."""


@dataclass(frozen=True)
class Row:
    """One comparison."""

    what: str
    figures: Figures
    beside: str
    base: Figures
    bound: float | None = None
    by_cpu: bool = False
    """Whether the bound is on CPU time, which other load on the machine lengthens less."""

    @property
    def ratio(self) -> list[float]:
        """Median, smallest, largest."""
        return ratio(self.figures, self.base)

    @property
    def cpu_ratio(self) -> float | None:
        """The same of CPU time: its median."""
        return cpu_ratio(self.figures, self.base)

    @property
    def holds(self) -> bool | None:
        """Whether the bound holds; None without one."""
        found = self.cpu_ratio if self.by_cpu else self.ratio[0]
        return None if self.bound is None or found is None else found <= self.bound

    def as_json(self) -> dict[str, object]:
        """The row for a file."""
        middle, least, most = (round(each, 3) for each in self.ratio)
        return {
            "what": self.what,
            "seconds": self.figures.as_json(),
            "beside": self.beside,
            "besideSeconds": self.base.as_json(),
            "ratio": {"median": middle, "min": least, "max": most},
            "cpuRatio": self.cpu_ratio and round(self.cpu_ratio, 3),
            "bound": self.bound,
            "boundOn": "CPU time" if self.by_cpu else "time",
            "holds": self.holds,
        }


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0; 1 for an error, and with ``--strict`` for a bound that doesn't hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--output", choices=["text", "json"], default="text")
    parser.add_argument("--strict", action="store_true", help="exit code 1 where a bound doesn't hold")
    parser.add_argument("--runs", type=int, default=5, help="of each preview; rollbacks run half as often")
    parser.add_argument(
        "--only", choices=["all", "previews", "cpu", "pack", "rest", "rollouts"], default="all", help="a part of it"
    )
    chosen = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the sandbox is stopped on the way out
    try:
        runs, memory = max(chosen.runs, 1), dict[str, float]()
        with (
            tempfile.TemporaryDirectory(prefix="bench-") as folder,
            deployed(Path(folder), PARTS[chosen.only], rest.MINUTE if chosen.only == "rest" else MINUTE) as subjects,
        ):
            rows: list[Row] = []
            if chosen.only == "cpu":
                rows = [cpu_row(**no_op_previews(subjects, runs))]
            if chosen.only == "rest":
                rows = [rest_row(rest.measure(State(Path(folder) / "sandbox"), runs))]
            if chosen.only in ("all", "previews"):
                rows, memory = measure(subjects, runs)
            if chosen.only in ("all", "previews", "rollouts"):
                rows += rollout_rows(subjects, -(-runs // 2))
            if chosen.only in ("all", "pack"):
                rows += pack_rows(subjects, -(-runs // 2))
    except (SandboxError, ToolchainError, RuntimeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    load = os.getloadavg()[0]
    if chosen.output == "json":
        print(json.dumps({"rows": [row.as_json() for row in rows], "peakMiB": memory, "load": load}, indent=2))
    else:
        show(rows, memory, load)
    return 1 if chosen.strict and any(row.holds is False for row in rows) else 0


def no_op_previews(subjects: Subjects, runs: int) -> dict[str, Figures]:
    """prod's preview beside that of the program that imports the same modules and does nothing."""
    actions = {
        "loaded": lambda: subjects.preview(subjects.loaded),
        "prod": lambda: subjects.preview(subjects.prod),
    }
    interleaved(1, actions)  # caches of the disk and of Python
    return interleaved(runs, actions)


def cpu_row(prod: Figures, loaded: Figures) -> Row:
    """CPU time of all processes that a preview starts, and they in turn: engine, plugins, language host, program."""
    what, beside = "CPU time of a preview of prod without changes", "of the empty program with its modules"
    return Row(what, Figures(prod.cpu), beside, Figures(loaded.cpu), PREVIEW_BOUND)


def rest_row(shares: list[tuple[float, float]]) -> Row:
    """CPU time of all the sandbox's processes while nobody asks for anything; ``shares``: CPU and wall seconds."""
    used, passed = Figures([cpu for cpu, _ in shares]), Figures([wall for _, wall in shares])
    return Row("CPU time of the sandbox at rest, prod deployed", used, "the time that passes", passed, rest.BOUND)


def measure(subjects: Subjects, runs: int) -> tuple[list[Row], dict[str, float]]:
    """All rows, and the peak memory (MiB) of the programs."""
    prod = subjects.prod
    for project in (subjects.bare, subjects.loaded, prod):
        subjects.preview(project)  # caches of the disk and of Python
    subjects.preview(subjects.one, "dev")
    previews = interleaved(
        runs,
        {
            "bare": lambda: subjects.preview(subjects.bare),
            "loaded": lambda: subjects.preview(subjects.loaded),
            "prod": lambda: subjects.preview(prod),
            "up": lambda: subjects.up(prod, "prod"),
            "one": lambda: subjects.preview(subjects.one, "dev"),
        },
    )
    memory = {}
    for name, project in (("empty program", subjects.loaded), ("prod's program", prod)):
        with PeakMemory("pulumi-language-python-exec") as peak:
            subjects.preview(project)
        memory[name] = round(peak.mebibytes, 1)

    def back(project: Project, stack: str) -> float:
        seconds = timed(lambda: subjects.up(project, stack, f"version={OLDER}"))
        subjects.up(project, stack, f"version={NEWER}")
        return seconds

    fewer = -(-runs // 2)
    whole = interleaved(
        fewer,
        {
            "back": lambda: back(prod, "prod"),
            "one": lambda: back(subjects.one, "dev"),
            "up": lambda: subjects.up(prod, "prod"),
        },
    )
    rows = [
        Row(
            "preview of prod without changes",
            previews["prod"],
            "empty program, the SDK modules that prod uses",
            previews["loaded"],
            PREVIEW_BOUND,
        ),
        cpu_row(previews["prod"], previews["loaded"]),
        Row("preview of prod without changes", previews["prod"], "empty program, SDKs' top level", previews["bare"]),
        Row("up of prod without changes", previews["up"], "its preview", previews["prod"]),
        Row("all systems back to the older release", whole["back"], "up without changes", whole["up"]),
        Row("preview of all systems", previews["prod"], "of one, async-rag", previews["one"]),
        Row("all systems back to the older release", whole["back"], "one, async-rag", whole["one"]),
    ]
    return rows, memory


def rollout_rows(subjects: Subjects, runs: int) -> list[Row]:
    """rag-api back by an update of its stack, beside what Kubernetes' own tools take for the same rollout."""

    def back_with_pulumi() -> float:
        seconds = timed(lambda: subjects.up(subjects.rag_api, "staging", f"version={OLDER}"))
        subjects.up(subjects.rag_api, "staging", f"version={NEWER}")
        return seconds

    def back_with_kubectl() -> float:
        seconds = timed(subjects.undo)
        subjects.undo()
        return seconds

    ways: dict[str, Callable[[], object]] = {"pulumi": back_with_pulumi, "kubectl": back_with_kubectl}
    release = helm.install(subjects.rag_api, cache())
    if release is not None:
        ways["helm"] = release.back
    found = interleaved(runs, ways)
    what = "rag-api back to the older release"
    rows = [Row(what, found["pulumi"], "kubectl rollout undo, and its status", found["kubectl"])]
    if release is not None:
        rows.append(Row(what, found["pulumi"], "helm rollback --wait of its Deployment", found["helm"]))
    return rows


def pack_rows(subjects: Subjects, runs: int) -> list[Row]:
    """What the pack costs, the engine's floor beside it, and whether it costs more a resource in a large program.

    The bound is on what is the pack's own: its CPU time beside an empty pack's.
    """
    synthetic = pack.costs(subjects.synthetic, subjects.empty_pack, runs)
    rows = []
    for cost in (pack.prod_cost(subjects.prod, subjects.empty_pack, runs), *synthetic):
        preview = f"preview of {cost.what}"
        rows += [
            Row(f"{preview}, with the pack", cost.judged, "the same without a pack", cost.plain),
            Row(f"{preview}, with an empty pack", cost.empty, "the same without a pack: the floor", cost.plain),
            Row(f"{preview}, with the pack", cost.judged, EMPTY, cost.empty, pack.OWN_BOUND, by_cpu=True),
        ]
    middle, large = synthetic[-2], synthetic[-1]
    each, other = Figures([large.each * 1_000]), Figures([middle.each * 1_000])
    what, beside = f"CPU time of the pack for 1,000 of {large.resources:,}", f"for 1,000 of {middle.resources:,}"
    return [*rows, Row(what, each, beside, other, pack.GROWTH_BOUND)]


def show(rows: list[Row], memory: dict[str, float], load: float) -> None:
    """Print the table; times in seconds, medians with the smallest and the largest; CPU is the ratio of CPU times."""
    print(f"{'what':48}{'seconds':>20}  {'beside it':47}{'seconds':>20}{'ratio':>20}{'CPU':>7}  bound")
    for row in rows:
        bound = (
            "-"
            if row.bound is None
            else f"{'CPU ' if row.by_cpu else ''}<= {row.bound} {'holds' if row.holds else 'DOES NOT HOLD'}"
        )
        middle, least, most = row.ratio
        cpu = "-" if row.cpu_ratio is None else f"{row.cpu_ratio:.2f}"
        spread = f"{middle:.3g} ({least:.3g}-{most:.3g})"
        print(
            f"{row.what:48}{_span(row.figures):>20}  {row.beside:47}{_span(row.base):>20}{spread:>20}{cpu:>7}  {bound}"
        )
    if memory:
        print("peak memory: " + ", ".join(f"{name} {size:.0f} MiB" for name, size in memory.items()))
    if load > (os.cpu_count() or 1):
        print(f"the machine is busy (load {load:.1f}): times are longer than they are on an idle one")


def _span(figures: Figures) -> str:
    return f"{figures.median:.2f} ({min(figures.seconds):.2f}-{max(figures.seconds):.2f})"


if __name__ == "__main__":
    sys.exit(main())
