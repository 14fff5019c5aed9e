"""checkov's checks, each asked once for all that a place could hold: patches of its two kinds of check."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from neighbours import Neighbours  # type: ignore[import-not-found]
from possible import Place, filled, fillings, places_in  # type: ignore[import-not-found]
from words import follows_connections, of_check  # type: ignore[import-not-found]

UNTOLD_OPTION = "deleteBeforeReplace, which only an update plan tells (--plan)"
ORDER = "create_before_destroy"


class Judge:
    """Collects what can't be told and which checks break, and gives checkov the verdicts that stand."""

    def __init__(
        self, holes: dict[str, Any], results: Any, lifecycle: set[str], links: dict[str, dict[str, str]] | None = None
    ) -> None:
        self.places = {name: Place(name, told) for name, told in holes.items()}
        self.results, self.lifecycle = results, lifecycle
        self.broken: list[dict[str, Any]] = []
        self.undecided: list[dict[str, Any]] = []
        self.neighbours = Neighbours(self.places, links)

    def patch(self, check: Any, policy: Any) -> None:
        """``check`` and ``policy``: checkov's classes of checks in Python and of policies in YAML."""
        one, many = check.run, policy.run

        def run(this: Any, scanned_file: str, entity_configuration: Any, *more: Any, **named: Any) -> Any:
            def ask(given: Any) -> Any:
                return one(this, scanned_file, given, *more, **named)

            return self.judge(this, scanned_file, entity_configuration, ask)

        def run_policy(this: Any, graph_connector: Any) -> Any:
            return self.judge_graph(this, graph_connector, lambda: many(this, graph_connector))

        check.run, policy.run = run, run_policy

    def judge(self, check: Any, file: str, conf: Any, ask: Any) -> Any:
        """A check that can't cope with a resource judges nothing; checkov itself would end the scan."""
        address = conf.get("__address__", "") if isinstance(conf, dict) else ""
        subject = {"check": check.id, "title": check.name, "resource": address, "file": Path(file).name}
        if check.id in self.lifecycle and not _orders(conf):
            return self._open(subject, [UNTOLD_OPTION])
        nodes = []
        if follows_connections(type(check)):
            nodes, conf = self.neighbours.of(getattr(check, "graph", None), address), self.neighbours.linked(conf)
        places = places_in([conf, nodes], self.places)
        words = of_check(check) if places else None
        answers, errors = self._answers(check, conf, nodes, list(fillings(places, words)) if places else [], ask)
        if not answers:
            return self._broke(subject, errors[0])
        verdict = self._agreed([self._plain(each["result"]) for each in answers], places, words)
        if verdict is None:
            return self._open(subject, _causes(places, words))
        return next(each for each in answers if self._plain(each["result"]) is verdict)

    def _answers(
        self, check: Any, conf: Any, nodes: list[Any], possible: list[dict[str, Any]], ask: Any
    ) -> tuple[list[Any], list[Exception]]:
        """What a check says of all that the resource, and those it follows, could be. They are as before in the end."""
        answers, errors, kept = [], [], [(node, dict(node)) for node in nodes]
        for filling in possible or [{}]:
            if filling:
                # Checks of IAM keep the policies that they have read by resource, and this is another one each time.
                getattr(check, "policy_document_cache", {}).clear()
            for node, whole in kept:
                _become(node, filled(self.neighbours.linked(whole), filling))
            try:
                answers.append(ask(filled(conf, filling) if filling else conf))
            except Exception as error:
                errors.append(error)
        for node, whole in kept:
            _become(node, whole)
        return answers, errors

    def _plain(self, result: Any) -> Any:
        return result[0] if isinstance(result, tuple) else result

    def _agreed(self, verdicts: list[Any], places: list[Place], words: Any) -> Any:
        """The one verdict of all; none where they differ, or where a part that the check looks at has no bounds."""
        if len(set(verdicts)) != 1:
            return None
        (verdict,) = set(verdicts)
        looked_at = [each for each in places if each.concerns(words)]
        opaque = [each for each in looked_at if each.opaque]
        if verdict is self.results.UNKNOWN and looked_at:
            return None
        if verdict is self.results.FAILED and any(each.whole for each in opaque):
            return None
        if verdict is self.results.PASSED and any(each.shape in ("block", "map") for each in opaque):
            return None
        return verdict

    def judge_graph(self, policy: Any, graph: Any, ask: Any) -> Any:
        """A policy looks at the whole graph: all places that it speaks of are filled at once."""
        words = of_check(policy)
        holed = [(node[1], places_in(node[1], self.places)) for node in graph.nodes()]
        holed = [(node, found) for node, found in holed if any(each.concerns(words) for each in found)]
        if not holed:
            return ask()
        places = list({each.name: each for _, found in holed for each in found}.values())
        told, shown = self._asked([node for node, _ in holed], places, words, ask)
        own = {_key(node): found for node, found in holed}
        standing: dict[Any, list[Any]] = {each: [] for each in self.results}
        for key, verdicts in told.items():
            node = shown[key]
            verdict = self._agreed(verdicts, own.get(key, []), words)
            if verdict is not None:
                standing[verdict].append(node)
                continue
            file = Path(str(node.get("file_path_", ""))).name
            subject = {"check": policy.id, "title": policy.name, "resource": node.get("__address__", ""), "file": file}
            self._open(subject, _causes(own.get(key) or places, words))
        return standing[self.results.PASSED], standing[self.results.FAILED], standing[self.results.UNKNOWN]

    def _asked(
        self, nodes: list[Any], places: list[Place], words: Any, ask: Any
    ) -> tuple[dict[str, list[Any]], dict[str, Any]]:
        """All verdicts on each node of the graph, and the node, by its key. The nodes are as before in the end."""
        kept = [(node, dict(node)) for node in nodes]
        told: dict[str, list[Any]] = {}
        shown: dict[str, Any] = {}
        for filling in fillings(places, words):
            for node, whole in kept:
                _become(node, filled(whole, filling))
            try:
                answer = ask()
            except Exception:  # noqa: S112 - a policy that can't cope with this value judges nothing by it
                continue
            for verdict, found in zip(
                (self.results.PASSED, self.results.FAILED, self.results.UNKNOWN), answer, strict=True
            ):
                for node in found:
                    told.setdefault(_key(node), []).append(verdict)
                    shown[_key(node)] = node
        for node, whole in kept:
            _become(node, whole)
        return told, shown

    def _open(self, subject: dict[str, Any], causes: list[str]) -> Any:
        self.undecided.append({**subject, "causes": causes})
        return {"result": self.results.UNKNOWN, "evaluated_keys": []}

    def _broke(self, subject: dict[str, Any], error: Exception) -> Any:
        told = {key: each for key, each in subject.items() if key != "title"}
        self.broken.append({**told, "said": f"{type(error).__name__}: {error}"})
        return {"result": self.results.UNKNOWN}


def _orders(conf: Any) -> bool:
    """Whether a resource says in which order it is replaced."""
    blocks = conf.get("lifecycle") or [] if isinstance(conf, dict) else []
    return any(isinstance(each, dict) and ORDER in each for each in blocks)


def _become(node: dict[str, Any], other: dict[str, Any]) -> None:
    node.clear()
    node.update(other)


def _key(node: dict[str, Any]) -> str:
    """A policy may answer with copies of the graph's nodes."""
    return str(node.get("__address__") or f"{node.get('file_path_')} {node.get('block_name_')}")


def _causes(places: list[Place], words: Any) -> list[str]:
    looked_at = [each for each in places if each.concerns(words)] or places
    return list(
        dict.fromkeys(f"{'.'.join(each.path)} {'is secret' if each.secret else ''}".strip() for each in looked_at)
    )
