"""What ``rollback`` says of pins and releases: before an update, after one that failed, and at its end.

Every command that is printed here is one that leads where the line says; tests type each of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from cli.updates.events import UpdateOutcome
from cli.updates.pins import VERSION, PinRequest, Standing, own
from stacks.settings import PROJECT, StackSettings
from stacks.systems import SYSTEMS

FEW = 3
"""Names that are told one by one."""


def beforehand(
    request: PinRequest, file: StackSettings, asked: StackSettings, deployed: Mapping[str, str]
) -> Iterator[str]:
    """What moves or stays otherwise than the command says. ``deployed``: system -> the release that it runs."""
    whole = request.version is not None and request.system is None
    for system in asked.project.systems:
        pin, own_pin, runs = asked.pin(system), asked.own_pin(system), deployed.get(system)
        if whole and own_pin is None:
            if (dropped := file.own_pin(system)) is not None:
                yield f"{system} has a pin of its own, {dropped}; it goes when {pin} runs"
        elif system == request.system:
            if own_pin is None:
                hold = f"`pulumi config set {system}:version {pin} -s {request.stack}`"
                yield f"{system} follows the stack's version, {pin}, with no pin of its own; {hold} would hold it there"
        elif runs not in (None, pin):
            source = "its own pin" if own_pin else f"the version in stacks/Pulumi.{request.stack}.yaml"
            yield f"{system} moves from {runs} to {pin}: that is {source}"
        elif whole and own_pin != request.version:
            unpinned = PinRequest(request.stack, request.version, unpin=True)
            yield f"{system} stays at {own_pin}: it has a pin of its own; `{unpinned.command}` moves it too"
    for _, line in overrides(asked, request):
        yield line


def overrides(settings: StackSettings, request: PinRequest) -> Iterator[tuple[bool, str]]:
    """Settings that give users something else than the pinned release.

    Each with whether that is another release's code.
    """
    stack = request.stack
    concerned = [name for name in SYSTEMS if name in settings.project.systems and request.concerns(name)]
    found = [(name, each) for name in concerned for each in settings.by_system[name].overrides(settings.pin(name))]
    for name, each in sorted(found, key=lambda pair: not pair[1].other_release):
        fix = f"`pulumi config rm {name}:{each.key} -s {stack}`, then `rollback up -s {stack}`"
        yield each.other_release, f"{each.text}: {fix}"


def killed(stack: str, pins: Mapping[str, str]) -> str:
    """What an update wanted whose process was killed, and both ways on."""
    requests = [
        PinRequest(stack, pin, None if key == VERSION else key.partition(":")[0]) for key, pin in sorted(pins.items())
    ]
    commands = ", ".join(f"`{each.command}`" for each in requests)
    return f"an update was killed before it ended; {commands} goes on with it, `rollback up -s {stack}` goes back"


def afterwards(
    request: PinRequest,
    asked: StackSettings,
    after: StackSettings,
    standings: Sequence[Standing],
    *,
    interrupted: bool = False,
) -> Iterator[str]:
    """Where an update that failed has left each system, how one that moved comes back, and how to try again.

    ``asked``: the settings that the update was made with; ``after``: the pins that it ends with; ``interrupted``:
    whether somebody stopped it, so that nothing has to be fixed.
    """
    back = [each for each in standings if each.before is not None and (each.left or each.moved)]
    back = [each for each in back if each.before != each.wanted or each.left]
    for each in standings:
        if each.before is None and not each.moved:
            continue
        yield _where(each) + (f"; back: `{_back(request, each)}`" if each in back else "")
    if not back and any(each.before is not None for each in standings):
        yield "every system runs what is pinned: no release has to be brought back"
    base = after.project.version
    followers = [each for each in standings if after.own_pin(each.system) in (None, each.wanted)]
    if len(back) > 1 and all(each in followers and each.before == base for each in back):
        yield f"all of them back: `{PinRequest(request.stack, base).command}`"
    commands = ", then ".join(f"`{each.command}`" for each in _again(request, asked, after))
    yield f"to continue: {commands}" if interrupted else f"when the cause is fixed, try again: {commands}"


def ended(
    stack: str,
    outcome: UpdateOutcome,
    places: Mapping[str, Sequence[str]],
    logs: Sequence[str],
    *,
    interrupted: bool = False,
) -> str:
    """The error line of an update that failed: where. Why is in the engine's own lines, and isn't told twice.

    ``places``: system -> the resources that failed in it; ``logs``: the commands that show those systems' logs.
    """
    where = "; ".join(f"{system} ({_few(names)})" for system, names in places.items())
    if interrupted:
        return f"the update of {stack} was stopped (Ctrl-C){f' in {where}' if where else ''}: see above how far it came"
    if outcome.policies:
        return f"the update of {stack} was refused by the policy {_few(outcome.policies)}: see above what it asks for"
    look = f"; logs: {', '.join(logs)}" if logs else ""
    return f"the update of {stack} failed{f' in {where}' if where else ''}: the reason is above{look}"


def _few(names: Sequence[str]) -> str:
    """The first names, and how many there are besides."""
    more = len(names) - FEW
    return ", ".join(names[:FEW]) + (f" and {more} more" if more > 0 else "")


def failing(request: PinRequest, standings: Sequence[Standing], system: str) -> str | None:
    """The way back of a system that moved and doesn't work; None where it ran the same release before."""
    found = (each for each in standings if each.system == system and each.before not in (None, each.wanted))
    return next((f"{each.system} back to {each.before}: `{_back(request, each)}`" for each in found), None)


def pinned(stack: str, changes: Mapping[str, str | None]) -> Iterator[str]:
    """What became of the pins after an update that failed."""
    for system in (None, *SYSTEMS):
        key = own(system) if system else VERSION
        if key in changes:
            pin = changes[key]
            where = f"stacks/Pulumi.{stack}.yaml"
            if pin is None:
                yield f"{where}: {system} has no pin of its own any more, and runs the stack's version"
            else:
                yield f"{where} pins {system or f'the stack ({PROJECT})'} at {pin}, which it runs"


def _where(standing: Standing) -> str:
    before, wanted = standing.before, standing.wanted
    if standing.moved:
        return f"{standing.system} runs {wanted}"
    if not standing.left:
        return f"{standing.system} still runs {before}"
    if before == wanted:
        return f"{standing.system} doesn't run {wanted} alone: {standing.seen}"
    return f"{standing.system} is between {before} and {wanted}: {standing.seen}"


def _back(request: PinRequest, standing: Standing) -> str:
    return PinRequest(request.stack, standing.before, standing.system).command


def _again(request: PinRequest, asked: StackSettings, after: StackSettings) -> list[PinRequest]:
    """The commands that ask for the same once more, the pins being what they are now."""
    if request.version is not None:
        return [request]
    again = []
    if asked.project.version != after.project.version:
        again = [PinRequest(request.stack, asked.project.version)]
    for system in asked.project.systems:
        pin = asked.own_pin(system)
        if pin is not None and pin != after.own_pin(system):
            again.append(PinRequest(request.stack, pin, system))
    return again or [request]
