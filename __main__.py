"""The program: settings and releases in, the enabled systems and what the next update needs to know out."""

import atexit
import gc
import signal

if __name__ == "__main__":  # in a process of its own, and not among tests
    # A program lives for seconds, and nearly all it makes stays to its end: walking it all again and again was a
    # quarter of its CPU time in a preview of 272 resources, and once more at its end half a second (2026-11-30). What
    # an update that waits for hours leaves behind is still collected. Before the imports: they make two thirds of it.
    gc.set_threshold(500_000, 20, 20)
    atexit.register(gc.freeze)
    # The language host interrupts a program that the engine has given up: Python would add a traceback of its own to
    # what the engine says. Deployments under way listen for themselves (codedeploy/interruption.py).
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import pulumi

from codedeploy.hooks import Hooks
from components import declare
from components.common.artifacts import refuse_missing_artifacts
from components.common.context import Context
from components.common.memory import Memory
from core.model import ConfigurationError
from guard.evidence import RecoveryPoints
from guard.guard import Guard
from guard.previous import read_previous
from stacks.program import read_settings, tell_changed_pins
from stacks.selection import in_turns, manifests, select


def main() -> None:
    """Declare the stack."""
    settings = read_settings()
    before = read_previous()
    tell_changed_pins(settings, before.outputs)
    selected = select(settings, deployed=before.outputs.get("version"))
    guard = Guard(settings.stack, RecoveryPoints(settings.project.recovery_bucket, settings.region), before)
    guard.register()
    memory = Memory(before.outputs, before.resources)
    context = Context(settings, memory, Hooks(settings.region))
    refuse_missing_artifacts(context, selected)
    systems = declare(context, selected, manifests(settings, selected), in_turns(selected, memory.systems))
    guard.plan()
    pulumi.export("version", settings.project.version)
    pulumi.export("systems", {name: system.summary for name, system in systems.items()})
    pulumi.export("published", {name: told for system in systems.values() for name, told in system.published.items()})
    pulumi.export("target", context.target)
    pulumi.export("guard", guard.outputs())


try:
    main()
except ConfigurationError as error:
    raise pulumi.RunError(str(error)) from None
