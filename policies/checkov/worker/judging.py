"""checkov's checks, each asked once for all that a place could hold: patches of its two kinds of check."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from possible import Place, filled, fillings, places_in  # type: ignore[import-not-found]
from words import of_check  # type: ignore[import-not-found]

UNTOLD_OPTION = "deleteBeforeReplace, which a preview doesn't tell"


class Judge:
    """Collects what can't be told and which checks break, and gives checkov the verdicts that stand."""

    def __init__(self, holes: dict[str, Any], results: Any, documents: dict[str, str], lifecycle: set[str]) -> None:
        self.places = {name: Place(name, told) for name, told in holes.items()}
        self.results, self.documents, self.lifecycle = results, documents, lifecycle
        self.broken: list[dict[str, Any]] = []
        self.undecided: list[dict[str, Any]] = []

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
        subject = {
            "check": check.id,
            "title": check.name,
            "resource": conf.get("__address__", "") if isinstance(conf, dict) else "",
            "file": Path(file).name,
        }
        places = places_in(conf, self.places)
        if check.id in self.lifecycle:
            return self._open(subject, [UNTOLD_OPTION])
        if not places:
            try:
                return ask(conf)
            except Exception as error:
                return self._broke(subject, error)
        words = of_check(check)
        parsed = check.entity_type in self.documents
        answers, error = [], None
        for filling in fillings(places, words):
            try:
                answers.append(ask(filled(conf, filling, parsed)))
            except Exception as raised:
                error = raised
        if not answers:
            return self._broke(subject, error)
        verdict = self._agreed([self._plain(each["result"]) for each in answers], places, words)
        if verdict is None:
            return self._open(subject, _causes(places, words))
        return next(each for each in answers if self._plain(each["result"]) is verdict)

    def _plain(self, result: Any) -> Any:
        return result[0] if isinstance(result, tuple) else result

    def _agreed(self, verdicts: list[Any], places: list[Place], words: Any) -> Any:
        """The one verdict of all; none where they differ, or where a part that the check looks at has no bounds."""
        if len(set(verdicts)) != 1:
            return None
        (verdict,) = set(verdicts)
        opaque = [each for each in places if each.opaque and each.concerns(words)]
        if verdict is self.results.FAILED and any(each.whole for each in opaque):
            return None
        if verdict is self.results.PASSED and any(each.shape in ("block", "map") for each in opaque):
            return None
        return verdict

    def judge_graph(self, policy: Any, graph: Any, ask: Any) -> Any:
        """A policy looks at the whole graph: all places that it speaks of are filled at once."""
        words = of_check(policy)
        nodes = [node[1] for node in graph.nodes()]
        holed = [(node, places_in(node, self.places)) for node in nodes]
        holed = [(node, found) for node, found in holed if any(each.concerns(words) for each in found)]
        if not holed:
            return ask()
        places = list({each.name: each for _, found in holed for each in found}.values())
        kept = [(node, dict(node)) for node, _ in holed]
        told: dict[int, list[Any]] = {}
        byid: dict[int, Any] = {}
        for filling in fillings(places, words):
            for node, whole in kept:
                taken = filled(whole, filling, whole.get("resource_type") in self.documents)
                node.clear()
                node.update(taken)
            try:
                answer = ask()
            except Exception:  # noqa: S112 - a check that can't cope with this value judges nothing by it
                continue
            for verdict, found in zip(
                (self.results.PASSED, self.results.FAILED, self.results.UNKNOWN), answer, strict=True
            ):
                for node in found:
                    told.setdefault(id(node), []).append(verdict)
                    byid[id(node)] = node
        for node, whole in kept:
            node.clear()
            node.update(whole)
        sorted_: dict[Any, list[Any]] = {each: [] for each in self.results}
        own = {id(node): found for node, found in holed}
        for key, verdicts in told.items():
            verdict = self._agreed(verdicts, own.get(key, []), words)
            if verdict is None:
                self._open(
                    {
                        "check": policy.id,
                        "title": policy.name,
                        "resource": byid[key].get("__address__", ""),
                        "file": Path(str(byid[key].get("file_path_", ""))).name,
                    },
                    _causes(own.get(key) or places, words),
                )
            else:
                sorted_[verdict].append(byid[key])
        return sorted_[self.results.PASSED], sorted_[self.results.FAILED], sorted_[self.results.UNKNOWN]

    def _open(self, subject: dict[str, Any], causes: list[str]) -> Any:
        self.undecided.append({**subject, "causes": causes})
        return {"result": self.results.UNKNOWN, "evaluated_keys": []}

    def _broke(self, subject: dict[str, Any], error: Exception | None) -> Any:
        told = {key: each for key, each in subject.items() if key != "title"}
        self.broken.append({**told, "said": f"{type(error).__name__}: {error}"})
        return {"result": self.results.UNKNOWN}


def _causes(places: list[Place], words: Any) -> list[str]:
    looked_at = [each for each in places if each.concerns(words)] or places
    return list(
        dict.fromkeys(f"{'.'.join(each.path)} {'is secret' if each.secret else ''}".strip() for each in looked_at)
    )
