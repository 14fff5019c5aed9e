"""What the live aliases of a system's Lambda functions serve, and whether anything holds requests or events up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from cli.health.serving import Drift, DriftedResource, Serving, nearest
from codedeploy import served
from codedeploy.served import Share
from core.aws import client
from stacks.artifacts import Artifact
from stacks.releases import window
from stacks.selection import Selected

FEW = 3
"""Functions that are named one by one."""
ALIAS, FUNCTION, CONSUMER = (
    "aws:lambda/alias:Alias",
    "aws:lambda/function:Function",
    "aws:lambda/eventSourceMapping:EventSourceMapping",
)


@dataclass(frozen=True)
class Live:
    """One function behind its alias."""

    name: str
    """As the manifest names it."""
    arn: str
    """Of the alias."""
    shares: tuple[Share, ...]
    stopped: bool
    """Whether its reserved concurrency is 0: Lambda refuses every call."""

    @property
    def function(self) -> str:
        """The deployed name."""
        return self.arn.split(":")[-2]


def look(system: str, functions: Mapping[str, str], region: str) -> list[Live]:
    """Every function (name -> ARN of its alias) as it is. Raises what boto3 raises."""
    lambdas, known = client("lambda", region), window(system)

    def one(name: str, arn: str) -> Live:
        function, _, alias = arn.rpartition(":")
        shares = served.shares(lambdas, function, alias, name, known)
        concurrency = lambdas.get_function_concurrency(FunctionName=function)
        return Live(name, arn, shares, concurrency.get("ReservedConcurrentExecutions") == 0)

    with ThreadPoolExecutor(max(len(functions), 1)) as pool:
        return list(pool.map(one, functions.keys(), functions.values()))


def serving(
    chosen: Selected,
    told: Mapping[str, Any],
    live: Sequence[Live],
    pinned: Mapping[str, Artifact] | None = None,
    shifting: Sequence[str] = (),
    unseen: Sequence[str] = (),
    origin: str | None = None,
) -> Serving:
    """What the functions serve, and what of it was changed by hand.

    ``pinned``: the code that the settings ask for, where it isn't the release's; ``shifting``: the functions that a
    deployment moves just now, whose weights nobody set by hand; ``unseen``: functions that no request reaches;
    ``origin``: the release whose code is asked for, where it isn't the system's own.
    """
    asked = pinned if pinned is not None else getattr(chosen.release, "functions")  # noqa: B009 - of any Lambda system
    deployed = str(told["release"])
    right = {each.name: _is(each, asked, chosen.version, own=pinned is None) for each in live}
    drift = [*_split(live, shifting, chosen.version, deployed), *_stopped(live)]
    if deployed == chosen.version and str(told.get("handlers") or deployed) == (origin or chosen.version):
        drift += [_other(each, chosen) for each in live if not right[each.name] and len(each.shares) == 1]
    reached = [each for each in live if each.name not in unseen]
    release = _common(reached, chosen.version, deployed)
    text = release or tell(reached, chosen.version, deployed)
    return Serving(release, text, all(right.values()), tuple(drift))


def tell(live: Sequence[Live], *wanted: str) -> str:
    """What each function serves, in words: ``worker serves v1.2.2; api sends 10 % of requests to v1.3.0``."""
    whole: dict[str, list[str]] = {}
    split = []
    for each in live:
        if len(each.shares) == 1:
            whole.setdefault(each.shares[0].name(*wanted), []).append(each.name)
        else:
            others = (f"{share.percent:g} % of requests to {share.name(*wanted)}" for share in each.shares[1:])
            split.append(f"{each.name} sends {', '.join(others)}, the rest to {each.shares[0].name(*wanted)}")
    served = [
        f"{_names(names)} {'serves' if len(names) == 1 else 'serve'} {release}" for release, names in whole.items()
    ]
    return "; ".join([*served, *split])


def consumers(live: Sequence[Live], names: Sequence[str], region: str, *, enabled: bool) -> list[Drift]:
    """The functions among ``names`` whose event source isn't as it is asked for. Raises what boto3 raises."""
    lambdas, found = client("lambda", region), []
    for each in live:
        if each.name not in names:
            continue
        mappings = lambdas.list_event_source_mappings(FunctionName=each.arn)["EventSourceMappings"]
        resource = DriftedResource(CONSUMER, "functionName", each.arn)
        if not mappings:
            found.append(Drift(f"{each.name} has no consumer: its events wait", resources=(resource,)))
        for mapping in mappings:
            on = mapping["State"] not in ("Disabled", "Disabling")
            resource = DriftedResource(CONSUMER, "id", str(mapping["UUID"]))
            source = str(mapping.get("EventSourceArn", "")).rpartition(":")[2].split("/stream/")[0]
            if on and not enabled:
                found.append(
                    Drift(f"{each.name} takes events from {source}, and the settings pause it", "", (resource,))
                )
            if enabled and not on:
                found.append(Drift(f"the consumer of {each.name} is disabled: {source} fills", "", (resource,)))
    return found


def _is(live: Live, asked: Mapping[str, Artifact], release: str, *, own: bool) -> bool:
    """Whether a function serves the code that is asked for, and nothing else."""
    artifact, (first, *others) = asked.get(live.name), live.shares
    if others or artifact is None or first.sha256 != artifact.sha256:
        return False
    # Several releases share this code: the version was published for another one, and says so.
    return not own or release in first.releases


def _common(live: Sequence[Live], *wanted: str) -> str | None:
    """The release to which everything belongs that is served; where several do, the wanted one first."""
    if not live or any(len(each.shares) > 1 for each in live):
        return None
    common = [
        release for release in live[0].shares[0].releases if all(release in each.shares[0].releases for each in live)
    ]
    return nearest(common, *wanted)


def _split(live: Sequence[Live], shifting: Sequence[str], *wanted: str) -> list[Drift]:
    return [
        Drift(
            f"{tell([each], *wanted)}, and no deployment moves it (weights set by hand)",
            "",
            (DriftedResource(ALIAS, "arn", each.arn),),
        )
        for each in live
        if len(each.shares) > 1 and each.name not in shifting
    ]


def _stopped(live: Sequence[Live]) -> list[Drift]:
    return [
        Drift(
            f"{each.name} answers nothing: its reserved concurrency is 0",
            f"`aws lambda delete-function-concurrency --function-name {each.function}`",
        )
        for each in live
        if each.stopped
    ]


def _other(live: Live, chosen: Selected) -> Drift:
    return Drift(
        f"{tell([live], chosen.version)}, and {chosen.version} was deployed",
        "",
        (DriftedResource(ALIAS, "arn", live.arn),),
    )


def _names(names: Sequence[str]) -> str:
    return f"{len(names)} functions" if len(names) > FEW else ", ".join(names)
