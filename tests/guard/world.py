"""A small world with durable stores: a program made of data, the real engine, the sandbox's account.

Programs run as Pulumi's Automation API runs them (without its five other calls of the command line a step), in
processes that are forked with the SDK loaded. Not in this process: an update that fails leaves the SDK with a loop that
is gone.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import grpc
import pulumi
import pulumi_aws as aws
from pulumi.automation._server import LanguageServer
from pulumi.runtime.proto import language_pb2_grpc

from guard.approvals import Action, Approval, add
from guard.evidence import RecoveryPoints
from guard.gate import TARGET
from guard.guard import Guard
from guard.inventory import durable
from guard.ledger import Entry
from guard.pack import VARIABLE
from guard.previous import read_previous
from guard.recovery import work
from guard.recovery.catalogue import Catalogue
from guard.recovery.place import caller_account
from guard.recovery.points import LocatedStore as RecoveredStore
from guard.recovery.stores import choose, stores
from guard.store import Store
from tests.guard.contents import REGION, Contents
from tests.guard.programs import Declared, make, undo, undo_late
from tests.support.project import ROOT
from tests.support.sandbox import RunningSandbox

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    [
        "boto3",
        "grpc",
        "pulumi.automation._server",
        "tests.guard.world",
        *(f"pulumi_aws.{each}" for each in ("cloudwatch", "dynamodb", "rds", "s3", "sns", "sqs", "ssm")),
    ]
)
BUCKET = "guard-recovery"
STACK = "dev"


@dataclass(frozen=True)
class Program:
    """What a program declares, and whether it registers the guard."""

    stores: tuple[Declared, ...] = ()
    guard: bool = True
    undone: bool = False
    """A transformation takes the guard's options off again."""
    transform: bool = False
    """A transform of the stack, which the engine calls, does the same."""
    pause: Path | None = None
    """The hook makes this file and then waits, for a test that kills the engine there."""

    def run(self, world: World) -> None:
        """Declare everything."""
        evidence = Waiting(BUCKET, REGION, self.pause) if self.pause else RecoveryPoints(BUCKET, REGION)
        guard = Guard(STACK, evidence, read_previous(), world.approvals)
        if self.guard:
            guard.register()
        if self.undone:
            pulumi.runtime.register_stack_transformation(undo)
        if self.transform:
            pulumi.runtime.register_resource_transform(undo_late)
        components: dict[str, pulumi.Resource] = {}
        providers: dict[str, pulumi.ProviderResource] = {}
        for store in self.stores:
            parent = None
            if store.inside:
                parent = components.get(store.inside) or pulumi.ComponentResource("test:systems:Part", store.inside)
                components[store.inside] = parent
            if store.provider and store.provider not in providers:
                providers[store.provider] = aws.Provider(store.provider, region=store.provider)
            make(store, parent, providers.get(store.provider or ""))
        if self.guard:
            guard.plan()
            pulumi.export("guard", guard.outputs())


class Waiting(RecoveryPoints):
    """Finds what there is, and doesn't say so."""

    def __init__(self, bucket: str, region: str, pause: Path) -> None:
        super().__init__(bucket, region)
        object.__setattr__(self, "pause", pause)

    def find(self, store: Store) -> Any:
        found = super().find(store)
        if pulumi.runtime.is_dry_run() or self.pause.exists():  # type: ignore[attr-defined]
            return found
        self.pause.write_text(store.urn)  # type: ignore[attr-defined]
        time.sleep(60)
        return found


@dataclass
class World(Contents):
    """One stack with its account."""

    project: str
    folder: Path
    sandbox: RunningSandbox
    entry: Entry | None = None
    """What the ledger's last entry says."""
    prepare: Callable[[], None] | None = None
    """What is called first in the process of each program, to take something out of the guard."""

    @property
    def approvals(self) -> Path:
        """The folder of approvals."""
        return self.folder / "approvals"

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "clients": {}}

    def pulumi(
        self, *words: str, client: int | None = None, stack: bool = True, pack: bool = False
    ) -> subprocess.CompletedProcess[str]:
        """Run the engine on the stack, with the program that serves on a port, if any; whatever its exit code."""
        environment = {
            **os.environ,
            **self.sandbox.environment,
            "PULUMI_BACKEND_URL": f"file://{self.folder / 'backend'}?metadata=skip",
        }
        served = ["--client", f"127.0.0.1:{client}", "--exec-kind", "auto.inline"] if client else []
        chosen = ["--stack", STACK] if stack else []
        if pack:
            environment[VARIABLE] = str(ROOT / "policies")
        command = ["pulumi", *words, *served, *chosen, "--non-interactive", "--color", "never"]
        return subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=90, check=False
        )

    def make(self) -> None:
        """Make the project and its stack, from a copy of one that the engine made: each command takes it 0.3 s."""
        model = World("a-model", self.sandbox.state.folder / "a-model", self.sandbox)
        if not model.folder.exists():
            model.init()
        shutil.copytree(model.folder, self.folder, dirs_exist_ok=True)
        stacks = self.folder / "backend" / ".pulumi" / "stacks"
        (stacks / model.project).rename(stacks / self.project)
        for path in (self.folder / "Pulumi.yaml", self._state_file):
            path.write_text(path.read_text().replace(model.project, self.project))

    def init(self) -> None:
        """Have the engine make the project and its stack."""
        (self.folder / "backend").mkdir(parents=True)
        (self.folder / "Pulumi.yaml").write_text(f"name: {self.project}\nruntime: python\n")
        done = self.pulumi("stack", "init", "--no-select")
        assert done.returncode == 0, done.stderr

    def delete_table(self, physical: str) -> None:
        """Delete a table as a person does in the console, its protection first."""
        table = self.client("dynamodb")
        table.update_table(TableName=physical, DeletionProtectionEnabled=False)
        table.delete_table(TableName=physical)

    def run(
        self,
        verb: str,
        program: Program,
        *words: str,
        pack: bool = False,
        variable: str | None = None,
        alone: str | None = None,
    ) -> str | None:
        """``up``, ``preview``, ``destroy`` or ``refresh``; what the engine said where it refused."""
        with FORKS.Pool(1) as forks:
            return forks.apply(self.run_here, (verb, program, pack, words, variable, alone))

    def run_here(
        self,
        verb: str,
        program: Program,
        pack: bool,
        words: Sequence[str],
        variable: str | None = None,
        alone: str | None = None,
    ) -> str | None:
        """The same in this process.

        ``variable``: the engine's variable for packs, where it isn't ours; ``alone``: its variable for a target.
        """
        if self.prepare is not None:
            self.prepare()
        if alone is not None:
            os.environ[TARGET] = alone
        options = [] if verb == "preview" else ["--yes", "--skip-preview"]
        packed = pack and verb in ("up", "preview")
        if packed:  # the program runs in this process, and sees the engine's variables in production
            os.environ[VARIABLE] = str(ROOT / "policies")
        elif variable is not None:
            os.environ[VARIABLE] = variable
        with _served(lambda: program.run(self)) as port:
            done = self.pulumi(verb, *options, *words, client=port, pack=packed)
        return done.stdout + done.stderr if done.returncode else None

    def state(self) -> dict[str, Any]:
        """The stack's state, as the backend has it."""
        return {"version": 3, "deployment": json.loads(self._state_file.read_text())["checkpoint"]["latest"] or {}}

    @property
    def _state_file(self) -> Path:
        return self.folder / "backend" / ".pulumi" / "stacks" / self.project / f"{STACK}.json"

    def history(self) -> list[dict[str, Any]]:
        """The engine's history, newest first."""
        found: list[dict[str, Any]] = json.loads(self.pulumi("stack", "history", "--json").stdout)
        return found

    def edit_state(self, state: Mapping[str, Any]) -> None:
        """Do what `pulumi stack import` does."""
        path = self.folder / "edited.json"
        path.write_text(json.dumps(state))
        done = self.pulumi("stack", "import", "--force", "--file", str(path))
        assert done.returncode == 0, done.stderr

    def urn(self, name: str) -> str:
        """The URN of a store by its name in the program or its physical one; of anything else by the former."""
        known = durable(self.state()).values()
        found = [store.urn for store in known if name in (store.urn, store.name, _last(store.urn))]
        every = [str(each["urn"]) for each in self.state()["deployment"]["resources"]]
        return next(iter(found or [urn for urn in every if _last(urn) == name]))

    def approve(self, name: str, action: Action = Action.DELETE, hours: int = 1) -> None:
        """Approve a delete or a replacement."""
        now = datetime.now(UTC)
        given = Approval(
            store=self.urn(name),
            action=action,
            by="A. Tester",
            reason="a test wants it gone",
            given=now - timedelta(minutes=1),
            expires=now + timedelta(hours=hours),
        )
        add(STACK, given, self.approvals)

    def recovery_point(self, physical: str, region: str | None = None) -> None:
        """Make and verify a recovery point."""
        catalogue = Catalogue(BUCKET, REGION)
        catalogue.ensure()
        known = [each for each in stores(self.state(), REGION, caller_account(REGION)) if each.kind.value != "belt"]
        store = choose(known, physical, region)
        work.verify(work.make(store, catalogue, "A. Tester"), catalogue)

    def store(self, urn: str) -> RecoveredStore:
        """The store with a URN, where it lies."""
        known = stores(self.state(), REGION, caller_account(REGION))
        return next(each for each in known if each.urn == urn)

    def copied(self, urn: str) -> None:
        """Make and verify a recovery point of the store with a URN."""
        catalogue = Catalogue(BUCKET, REGION)
        catalogue.ensure()
        work.verify(work.make(self.store(urn), catalogue, "A. Tester"), catalogue)


@contextmanager
def led_to(sandbox: RunningSandbox) -> Iterator[None]:
    """This process's own clients, the guard's among them, are led to the sandbox."""
    kept = {name: value for name, value in sandbox.environment.items() if name.startswith(("AWS_", "NO_PROXY", "PATH"))}
    with patch.dict(os.environ, kept):
        yield


@contextmanager
def _served(program: Callable[[], None]) -> Iterator[int]:
    """A language host for one program; its port."""
    server = grpc.server(ThreadPoolExecutor(max_workers=4))
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(LanguageServer(program), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield port
    finally:
        server.stop(0)


def _last(urn: str) -> str:
    return urn.rpartition("::")[2]


def log(world: World) -> str:
    """The state, for a failing test to show."""
    return json.dumps(world.state(), indent=1)[:4000]
