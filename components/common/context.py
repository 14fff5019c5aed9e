"""What every component is given: the stack's settings and tags, its account and cluster, what the last update left."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import pulumi

from components.common.memory import Memory
from stacks.direction import returns
from stacks.function import Wanted
from stacks.selection import Selected
from stacks.settings import StackSettings
from stacks.systems import Need, needing

if TYPE_CHECKING:
    from components.common.account import Account
    from components.common.cluster import Cluster


class Hooks(Protocol):
    """The resource hooks that run CodeDeploy before the engine applies a change (``codedeploy``)."""

    def shift_alias(
        self, application: str, group: str, hooks: Mapping[str, str], back: bool, wanted: Wanted
    ) -> pulumi.ResourceHook:
        """A hook for ``before_update`` of a Lambda alias: CodeDeploy moves the traffic in steps."""

    def deploy_revision(self, application: str, group: str) -> pulumi.ResourceHook:
        """A hook for a parameter that names a revision: CodeDeploy brings it to the hosts first."""


@dataclass(frozen=True)
class Context:
    """The surroundings of a component. Account and cluster are looked at by the first system that needs them."""

    settings: StackSettings
    memory: Memory
    hooks: Hooks

    @property
    def stack(self) -> str:
        """The stack's name, which is part of physical names (``amplify-rag-prod-…``)."""
        return self.settings.stack

    @property
    def published(self) -> Mapping[str, Any]:
        """Function name -> what was published for it so far (see ``components.common.versions``)."""
        return self.memory.get("published")

    @cached_property
    def account(self) -> Account:
        """The AWS account."""
        from components.common.account import Account

        return Account(self.settings.region, self.memory, self._agreed)

    def _agreed(self) -> pulumi.Output[str] | None:
        return self.cluster.id if needing(Need.CLUSTER, self.settings.project.systems) else None

    @cached_property
    def cluster(self) -> Cluster:
        """The Kubernetes cluster."""
        from components.common.cluster import Cluster

        return Cluster(self.memory)

    def namespace(self, name: str) -> pulumi.Output[str]:
        """A namespace's name, known only once cluster and account are known to be the right ones."""
        account = [self.account.id] if needing(Need.ACCOUNT, self.settings.project.systems) else []
        return pulumi.Output.all(self.cluster.id, *account).apply(lambda _: name)

    @property
    def target(self) -> pulumi.Output[Mapping[str, str]]:
        """The ids of account and cluster, for the next update to compare; what this one didn't look at is kept."""
        parts = {"account": self.__dict__.get("account"), "cluster": self.__dict__.get("cluster")}
        found = pulumi.Output.all(**{kind: part.id for kind, part in parts.items() if part is not None})
        remembered = self.memory.target
        return found.apply(lambda ids: {**remembered, **ids})

    def goes_back(self, selected: Selected) -> bool:
        """Whether a system goes to an earlier release than the one it was deployed at last, or returns to that one.

        What an alias really serves is asked when it moves, and goes before this (``codedeploy.served.goes_back``).
        """
        return returns(self.memory.release(selected.system), selected.version)

    def reached(self, selected: Selected, touched: Iterable[pulumi.Input[bool]]) -> pulumi.Output[str]:
        """The release that a system has after this update.

        ``touched``: of what it runs, whether it was brought to the selected release, or is there already. A targeted
        update leaves systems out: what the next one goes by is what they had.
        """
        before = self.memory.release(selected.system)
        everything = pulumi.Output.all(*touched)
        return everything.apply(lambda parts: selected.version if all(parts) else before or selected.version)

    def tags(self, system: str) -> dict[str, str]:
        """Tags of every resource of a system. No release among them: a tag that changes with the version would
        make every resource part of every rollback."""
        return {"system": system, "stack": self.stack, "managed-by": "pulumi"}
