"""The resources that one is connected with, in checkov's graph (rustworkx: index, attributes)."""

from __future__ import annotations

from typing import Any

from possible import IDENTIFIER, Place, places_in  # type: ignore[import-not-found]

FAR = 2
"""A policy and an access block of a bucket are two connections apart: each refers to the bucket."""


Links = dict[str, dict[str, str]]
"""Address and argument -> what the argument refers to, where its value is known."""


def links(plan: dict[str, Any], holes: dict[str, Any]) -> Links:
    """Of arguments that name one other resource. Checks find it by the reference, as Terraform's own files have it."""
    module = plan["planned_values"]["root_module"]["resources"]
    values = {each["address"]: each["values"] for each in module}
    found: Links = {}
    for each in plan["configuration"]["root_module"]["resources"]:
        for argument, expression in each["expressions"].items():
            references = expression.get("references", []) if isinstance(expression, dict) else []
            value = values[each["address"]].get(argument)
            if len(references) == 2 and isinstance(value, str) and value not in holes and IDENTIFIER.search(argument):
                found.setdefault(each["address"], {})[argument] = references[0]
    return found


class Neighbours:
    """Finds those of which something can't be told, and those that refer to others by a value that is known."""

    def __init__(self, places: dict[str, Place], linked: Links | None = None) -> None:
        self.places, self.links = places, linked or {}
        self._graph: Any = None
        self._indices: dict[str, int] = {}
        self._concerned: set[int] = set()

    def of(self, graph: Any, address: str) -> list[dict[str, Any]]:
        """Their attributes, as they stand in the graph; the resource itself is none of them."""
        if not (self.places or self.links) or graph is None or not hasattr(graph, "node_indices"):
            return []
        self._read(graph)
        start = self._indices.get(address)
        if start is None or not self._concerned:
            return []
        found, edge = {start}, {start}
        for _ in range(FAR):
            edge = {other for index in edge for other in self._beside(index)} - found
            found |= edge
        # Those named alike are near themselves, and not what stands beside them: all methods share a resource's id.
        found |= self._named_alike(start)
        return [self._attributes(index) for index in sorted((found - {start}) & self._concerned)]

    def linked(self, values: dict[str, Any]) -> dict[str, Any]:
        """A resource's arguments with what they refer to, in lists where a check is given them so."""
        refers = self.links.get(str(values.get("__address__")), {})
        told = {key: [each] if isinstance(values.get(key), list) else each for key, each in refers.items()}
        return {**values, **told}

    def _read(self, graph: Any) -> None:
        """Once a graph."""
        if self._graph is graph:
            return
        self._graph = graph
        nodes = {index: self._attributes(index) for index in graph.node_indices()}
        self._indices = {str(each.get("__address__")): index for index, each in nodes.items()}
        self._concerned = {
            index
            for index, each in nodes.items()
            if each.get("__address__") in self.links or places_in(each, self.places)
        }

    def _named_alike(self, start: int) -> set[int]:
        """Those that name the same resource by text, such as a bucket that isn't among the resources."""
        names = _names(self._attributes(start))
        return {index for index in self._concerned if names & _names(self._attributes(index))}

    def _beside(self, index: int) -> set[int]:
        after = {other for _, other, _ in self._graph.out_edges(index)}
        return after | {other for other, _, _ in self._graph.in_edges(index)}

    def _attributes(self, index: int) -> dict[str, Any]:
        attributes: dict[str, Any] = self._graph[index][1]
        return attributes


def _names(values: dict[str, Any]) -> set[tuple[str, str]]:
    """The arguments that name one other resource, and how; the numbers that tell holes apart don't count."""
    named = {key: each for key, each in values.items() if not key.startswith("_") and IDENTIFIER.search(key)}
    return {(key, each.partition("[")[0]) for key, each in named.items() if isinstance(each, str)}
