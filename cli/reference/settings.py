"""``docs/settings.md``: every setting of a stack, from the models that read it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic.alias_generators import to_camel

from policies.pack import RULES
from stacks.settings import PROJECT, StackSettings
from stacks.systems import TABLE

Schema = Mapping[str, Any]
HEAD = """# Settings

Every setting of a stack, as `stacks/Pulumi.<stack>.yaml` and `pulumi config set` name it. Written by the code itself
(`make reference`). A key that isn't here is refused, and so is a value out of its bounds; the error names what is
valid.

    pulumi config set rag-api:replicas 5 -s prod
    pulumi config set --path async-rag:queues.batchSize 10 -s prod

A setting takes effect with the next update (`rollback up`). `<name>` stands for a name, such as a function's:
`async-rag:functions.vdr_processor.memory`. What a version brings is no setting: it stands in the release
([releases](releases.md)).
"""
TYPES = {"integer": "whole number", "number": "number", "string": "text", "boolean": "true or false", "null": "nothing"}


@dataclass(frozen=True)
class Setting:
    """One key."""

    key: str
    type: str
    bounds: str
    default: str
    meaning: str
    number: bool

    @property
    def row(self) -> str:
        """Its row of the page."""
        cells = [f"`{self.key}`", self.type, self.bounds, self.default, self.meaning]
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def namespaces() -> dict[str, list[Setting]]:
    """The settings of each namespace of a stack's file, in the order of the models."""
    whole = StackSettings.model_json_schema(by_alias=True)
    definitions = whole["$defs"]
    found: dict[str, list[Setting]] = {}
    project = _meant(whole["properties"]["project"], definitions)
    found[PROJECT] = list(below(f"{PROJECT}:", project, definitions))
    for system in TABLE:
        schema = system.settings.model_json_schema(by_alias=True)
        found[system.name] = list(below(f"{system.name}:", schema, schema.get("$defs", {})))
    region = _setting("aws:region", whole["properties"]["region"], required=False, definitions=definitions)
    found[PROJECT].append(region)
    return found


def policies() -> dict[str, list[Setting]]:
    """What can be set of each policy, by its name."""
    found = {}
    for rule in RULES:
        schema = rule.config.model_json_schema(by_alias=True)
        if settings := list(below("", schema, schema.get("$defs", {}))):
            found[rule.name] = settings
    return found


def page() -> str:
    """The page's text."""
    parts = [HEAD]
    for namespace, settings in namespaces().items():
        parts.append(f"## {namespace}\n\n{_table(settings)}")
    parts.append(
        "## policies\n\n`policies:enforcement` sets a policy to `advisory`, `mandatory` or `disabled` by its name; "
        "`policies:config` sets\nwhat is below, by the policy's name ([policies](policies.md)).\n"
    )
    for name, settings in policies().items():
        parts.append(f"### {name}\n\n{_table(settings)}")
    return "\n".join(parts)


def _table(settings: list[Setting]) -> str:
    head = "| key | type | bounds | default | meaning |\n|---|---|---|---|---|\n"
    return head + "\n".join(setting.row for setting in settings) + "\n"


def below(prefix: str, schema: Schema, definitions: Schema) -> Iterator[Setting]:
    """The settings of a model; those of a model inside it by a path, and those of a map of models by ``<name>``."""
    required = schema.get("required", ())
    for key, each in schema.get("properties", {}).items():
        path = f"{prefix}{key}"
        if inner := _model(each, definitions):
            yield from (_inside(found, path, each) for found in below(f"{path}.", inner, definitions))
            continue
        yield _setting(path, each, required=key in required, definitions=definitions)
        if inner := _model(each.get("additionalProperties") or {}, definitions):
            yield from below(f"{path}.<name>.", inner, definitions)


def _inside(setting: Setting, path: str, group: Schema) -> Setting:
    """A setting of a group that says what all of it is about, or has defaults of its own."""
    own, name = group.get("default"), setting.key.removeprefix(f"{path}.")
    default = _value(own[name]) if isinstance(own, Mapping) and name in own else setting.default
    return replace(setting, default=default, meaning=f"{setting.meaning} {_prose(group)}".strip())


def _prose(schema: Schema) -> str:
    """A sentence on one line, with keys as they are written in a file."""
    text = " ".join(str(schema.get("description", "")).split()).replace("``", "`")
    return re.sub(r"`([a-z]+(?:_[a-z0-9]+)+)`", lambda found: f"`{to_camel(found[1])}`", text)


def _setting(key: str, schema: Schema, *, required: bool, definitions: Schema) -> Setting:
    options = [each for each in _options(schema, definitions) if each.get("type") != "null"]
    kinds = dict.fromkeys(_type(each, definitions) for each in options)
    bounds = dict.fromkeys(filter(None, (_bounds(each, definitions) for each in options)))
    default = "has to be set" if required else _value(schema.get("default"))
    number = any(each.get("type") in ("integer", "number") for each in options)
    return Setting(key, " or ".join(kinds), "; ".join(bounds), default, _prose(schema), number)


def _options(schema: Schema, definitions: Schema) -> list[Schema]:
    return [_meant(each, definitions) for each in schema.get("anyOf", [schema])]


def _meant(schema: Schema, definitions: Schema) -> Schema:
    if "$ref" not in schema:
        return schema
    found: Schema = definitions[str(schema["$ref"]).rpartition("/")[2]]
    return found


def _model(schema: Schema, definitions: Schema) -> Schema | None:
    return next((each for each in _options(schema, definitions) if "properties" in each), None)


def _type(schema: Schema, definitions: Schema) -> str:
    if "enum" in schema or "const" in schema:
        return "one of"
    if schema.get("type") == "array":
        return f"list of {_plural(_items(schema, definitions))}"
    if schema.get("type") == "object" and "properties" in schema:
        return "group"
    if schema.get("type") == "object":
        inner = schema.get("additionalProperties")
        of = _type(_meant(inner, definitions), definitions) if isinstance(inner, Mapping) else "any"
        return f"map of name to {of}"
    return TYPES.get(str(schema.get("type")), "any")


def _items(schema: Schema, definitions: Schema) -> str:
    return _type(_meant(schema.get("items", {}), definitions), definitions)


def _plural(kind: str) -> str:
    return {"text": "texts", "whole number": "whole numbers", "one of": "choices"}.get(kind, kind)


def _bounds(schema: Schema, definitions: Schema) -> str:
    """What a value has to be, in words."""
    said = [", ".join(f"`{each}`" for each in schema.get("enum", [schema["const"]] if "const" in schema else []))]
    low, high = schema.get("minimum"), schema.get("maximum")
    above = schema.get("exclusiveMinimum")
    if low is not None and high is not None:
        said.append(f"{_number(low)} to {_number(high)}")
    elif low is not None:
        said.append(f"at least {_number(low)}")
    elif above is not None:
        said.append(f"above {_number(above)}" + (f", at most {_number(high)}" if high is not None else ""))
    if "pattern" in schema:
        said.append(f"`{schema['pattern']}`")
    if "minItems" in schema:
        said.append(f"at least {schema['minItems']}")
    if schema.get("type") == "array":
        said.append(_bounds(_meant(schema.get("items", {}), definitions), definitions))
    return "; ".join(filter(None, said))


def _number(value: float) -> str:
    return f"{value:,}".removesuffix(".0").replace(",", "_") if value >= 10_000 else f"{value:g}"


def _value(value: Any) -> str:
    if value is None:
        return "not set"
    return f"`{json.dumps(value, ensure_ascii=False)}`"
