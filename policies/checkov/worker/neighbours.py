"""The resources that one is connected with, in checkov's graph (rustworkx: index, attributes)."""

from __future__ import annotations

from typing import Any

from possible import Place, places_in  # type: ignore[import-not-found]

FAR = 2
"""A policy and an access block of a bucket are two connections apart: each refers to the bucket."""


class Neighbours:
    """Finds those of which something can't be told."""

    def __init__(self, places: dict[str, Place]) -> None:
        self.places = places
        self._graph: Any = None
        self._indices: dict[str, int] = {}
        self._holed: set[int] = set()

    def of(self, graph: Any, address: str) -> list[dict[str, Any]]:
        """Their attributes, as they stand in the graph; the resource itself is none of them."""
        if not self.places or graph is None or not hasattr(graph, "node_indices"):
            return []
        self._read(graph)
        start = self._indices.get(address)
        if start is None or not self._holed:
            return []
        found, edge = {start}, {start}
        for _ in range(FAR):
            edge = {other for index in edge for other in self._beside(index)} - found
            found |= edge
        return [self._attributes(index) for index in sorted((found - {start}) & self._holed)]

    def _read(self, graph: Any) -> None:
        """Once a graph."""
        if self._graph is graph:
            return
        self._graph = graph
        nodes = {index: self._attributes(index) for index in graph.node_indices()}
        self._indices = {str(each.get("__address__")): index for index, each in nodes.items()}
        self._holed = {index for index, each in nodes.items() if places_in(each, self.places)}

    def _beside(self, index: int) -> set[int]:
        after = {other for _, other, _ in self._graph.out_edges(index)}
        return after | {other for other, _, _ in self._graph.in_edges(index)}

    def _attributes(self, index: int) -> dict[str, Any]:
        attributes: dict[str, Any] = self._graph[index][1]
        return attributes
