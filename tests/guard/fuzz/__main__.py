"""Plays thousands of sequences, and goes on where it was stopped: ``python -m tests.guard.fuzz --sequences 10000``.

Each seed is one batch in a sandbox of its own. What each batch played and found lies in a journal in the cache, one
line of JSON a seed, under the guard's own digest: another guard begins anew. Ctrl-C ends it after nothing is lost but
the batches under way. Exit code 1 where any sequence showed a fault.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings

from guard.marks import guard_digest
from tests.guard.account import account, stop_account
from tests.guard.fuzz import mends
from tests.guard.fuzz.run import Run
from tests.guard.fuzz.sequences import SEQUENCES, Deed
from tests.guard.world import World, led_to
from toolchain.paths import cache

BATCH = 20
"""Sequences of one seed: hypothesis's first of each is the simplest, so a batch of one would draw nothing else."""


def batch(number: int, without: str | None) -> dict[str, Any]:
    """Play the sequences of one seed; the line of the journal."""
    begun, played, faults = time.monotonic(), 0, []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sandbox, plugin = account(folder / "sandbox")

        @seed(number)
        @settings(
            max_examples=BATCH,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(SEQUENCES)
        def play(sequence: list[Deed]) -> None:
            nonlocal played
            played += 1
            world = World(f"fuzz{number}-{played}", folder / str(played), sandbox)
            world.prepare = mends.Prepared(without)
            world.make()
            if found := Run(world).play(sequence):
                faults.append({"sequence": repr(sequence), "faults": found})

        try:
            with led_to(sandbox):
                play()
        finally:
            stop_account(sandbox, plugin)
    return {"seed": number, "played": played, "seconds": round(time.monotonic() - begun), "faults": faults}


def journal(without: str | None) -> Path:
    """Where the lines lie."""
    folder = cache() / "fuzz" / guard_digest()[:12]
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{without or 'whole'}.jsonl"


def lines(path: Path) -> list[dict[str, Any]]:
    """The journal's lines; one that was cut off counts as not played."""
    found = []
    for line in path.read_text().splitlines() if path.exists() else ():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found


def play(seeds: Iterable[int], jobs: int, without: str | None) -> Iterator[dict[str, Any]]:
    """Play batches beside each other, each in a process of its own, as they end."""
    words = ["--without", without] if without else []

    def one(number: int) -> dict[str, Any]:
        command = [sys.executable, "-m", "tests.guard.fuzz", "--seed", str(number), *words]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return told

    with ThreadPoolExecutor(jobs) as pool:
        running = [pool.submit(one, number) for number in seeds]
        try:
            for done in as_completed(running):
                yield done.result()
        finally:
            pool.shutdown(cancel_futures=True)


def main(words: list[str]) -> int:
    """Play what is missing; 1 where a fault was found, now or before."""
    parser = argparse.ArgumentParser(prog="python -m tests.guard.fuzz")
    parser.add_argument("--sequences", type=int, default=300, help="how many in all, those played before among them")
    parser.add_argument("--jobs", type=int, default=2, help="batches beside each other")
    parser.add_argument("--without", choices=sorted(mends.MENDS), help="an answer of the guard that is taken out")
    parser.add_argument("--until-found", action="store_true", help="end with the first fault")
    parser.add_argument("--seed", type=int, help="play this one's batch and print its line, without the journal")
    told = parser.parse_args(words)
    if told.seed is not None:
        print(json.dumps(batch(told.seed, told.without)))
        return 0
    path = journal(told.without)
    known = {line["seed"]: line for line in lines(path)}
    missing = [number for number in range(-(-told.sequences // BATCH)) if number not in known]
    with path.open("a") as written:
        for line in play(missing, told.jobs, told.without):
            known[line["seed"]] = line
            written.write(json.dumps(line) + "\n")
            written.flush()
            print(f"seed {line['seed']}: {line['played']} sequences, {line['seconds']} s, {len(line['faults'])} faults")
            if told.until_found and line["faults"]:
                break
    faults = [(line["seed"], fault) for line in known.values() for fault in line["faults"]]
    for number, fault in faults:
        print(f"seed {number}: {'; '.join(fault['faults'])}\n  {fault['sequence']}")
    print(f"{sum(line['played'] for line in known.values())} sequences, {len(faults)} faults; {path}")
    return 1 if faults else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit("stopped: the same command goes on with the seeds that are missing")
