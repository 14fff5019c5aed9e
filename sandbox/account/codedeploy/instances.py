"""On-premises instances: a register of names, IAM identities and tags.

Source: CodeDeploy API reference, the operations of the same names.
"""

from __future__ import annotations

from typing import Any

from sandbox.account.codedeploy.model import Instance, Refusal, now, required, table

Given = dict[str, Any]

TABLE = "on_premises_instances"
MOST_TAGS = 10


def _find(backend: Any, name: str) -> Instance:
    found: Instance | None = table(backend, TABLE).get(name)
    if found is None:
        raise Refusal("InstanceNotRegisteredException", f"The instance {name} isn't registered.")
    return found


def register(backend: Any, given: Given) -> None:
    """RegisterOnPremisesInstance with the ARN of either an IAM session or an IAM user."""
    name, known = required(given, "instanceName"), table(backend, TABLE)
    arns = {key: given[key] for key in ("iamSessionArn", "iamUserArn") if given.get(key)}
    if not arns:
        raise Refusal("IamArnRequiredException", "An instance needs an iamSessionArn or an iamUserArn.")
    if len(arns) > 1:
        raise Refusal("MultipleIamArnsProvidedException", "An instance takes one ARN only.")
    current = [instance for instance in known.values() if instance.deregister_time is None]
    if any(instance.instance_name == name for instance in current):
        raise Refusal("InstanceNameAlreadyRegisteredException", f"The instance {name} is registered already.")
    if any(instance.arns == arns for instance in current):
        kind = next(iter(arns))
        raise Refusal(f"{kind[0].upper()}{kind[1:]}AlreadyRegisteredException", "The ARN is registered already.")
    known[name] = Instance(name, arns)


def deregister(backend: Any, given: Given) -> None:
    """DeregisterOnPremisesInstance; its record stays, without tags."""
    found = _find(backend, required(given, "instanceName"))
    found.deregister_time = found.deregister_time or now()
    found.tags = {}


def add_tags(backend: Any, given: Given) -> None:
    """AddTagsToOnPremisesInstances."""
    for found in _all(backend, given):
        added = {tag["Key"]: tag.get("Value", "") for tag in required(given, "tags", "Tag")}
        if len({**found.tags, **added}) > MOST_TAGS:
            raise Refusal("TagLimitExceededException", f"An instance takes at most {MOST_TAGS} tags.")
        found.tags.update(added)


def remove_tags(backend: Any, given: Given) -> None:
    """RemoveTagsFromOnPremisesInstances: those whose key and value are equal."""
    for found in _all(backend, given):
        for tag in required(given, "tags", "Tag"):
            if found.tags.get(tag["Key"]) == tag.get("Value", ""):
                del found.tags[tag["Key"]]


def _all(backend: Any, given: Given) -> list[Instance]:
    return [_find(backend, name) for name in required(given, "instanceNames", "InstanceName")]


def info(backend: Any, found: Instance) -> Given:
    """Return InstanceInfo as the API shows it."""
    shown = {
        "instanceName": found.instance_name,
        **found.arns,
        "instanceArn": backend._arn(f"instance/{found.instance_name}"),
        "registerTime": found.register_time,
        "deregisterTime": found.deregister_time,
        "tags": [{"Key": key, "Value": value} for key, value in found.tags.items()],
    }
    return {key: value for key, value in shown.items() if value is not None}


def get(backend: Any, given: Given) -> Given:
    """GetOnPremisesInstance."""
    return {"instanceInfo": info(backend, _find(backend, required(given, "instanceName")))}


def batch_get(backend: Any, given: Given) -> Given:
    """BatchGetOnPremisesInstances: those that exist."""
    known = table(backend, TABLE)
    wanted = required(given, "instanceNames", "InstanceName")
    return {"instanceInfos": [info(backend, known[name]) for name in wanted if name in known]}


def names(backend: Any, given: Given) -> Given:
    """ListOnPremisesInstances by registration status and tags; registered ones unless asked otherwise."""
    status, filters = given.get("registrationStatus") or "Registered", given.get("tagFilters") or []
    if status not in ("Registered", "Deregistered"):
        raise Refusal("InvalidRegistrationStatusException", f"{status} isn't a registration status.")
    return {
        "instanceNames": [
            name
            for name, found in sorted(table(backend, TABLE).items())
            if (found.deregister_time is None) == (status == "Registered")
            and all(matches(found.tags, one) for one in filters)
        ]
    }


def matches(tags: dict[str, str], wanted: Given) -> bool:
    """Return whether tags meet a TagFilter (KEY_ONLY, VALUE_ONLY or KEY_AND_VALUE)."""
    kind = wanted.get("Type") or "KEY_AND_VALUE"
    if kind == "KEY_ONLY":
        return str(wanted.get("Key")) in tags
    if kind == "VALUE_ONLY":
        return wanted.get("Value", "") in tags.values()
    return tags.get(str(wanted.get("Key"))) == str(wanted.get("Value", ""))
