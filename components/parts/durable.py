"""How a durable store is declared: one place, for every release alike.

Protected (an update that would delete or replace it is refused), and kept in the account even where it leaves the
program. Neither depends on a release, so no rollback can untie it.
"""

from __future__ import annotations

import pulumi


def durable(parent: pulumi.Resource) -> pulumi.ResourceOptions:
    """Resource options of anything that holds data."""
    return pulumi.ResourceOptions(parent=parent, protect=True, retain_on_delete=True)
