"""The program: settings and releases in, the enabled systems and what the next update needs to know out."""

import pulumi

from components import declare
from components.parts.context import Context
from components.parts.memory import Memory
from deployments.hooks import Hooks
from stacks.model import ConfigurationError
from stacks.program import read_settings
from stacks.selection import in_turns, select


def main() -> None:
    """Declare the stack."""
    settings = read_settings()
    selected = select(settings)
    context = Context(settings, Memory(), Hooks(settings.region))
    systems = declare(context, selected, in_turns(selected, context.memory.get("systems")))
    pulumi.export("version", settings.project.version)
    pulumi.export("systems", {name: system.summary for name, system in systems.items()})
    pulumi.export("published", {name: told for system in systems.values() for name, told in system.published.items()})
    pulumi.export("target", context.target)


try:
    main()
except ConfigurationError as error:
    raise pulumi.RunError(str(error)) from None
