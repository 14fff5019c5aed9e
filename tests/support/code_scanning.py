"""The rules by which GitHub takes a SARIF log, each as a check that names what breaks it.

Source: GitHub documentation, "SARIF support for code scanning": supported properties, validation, limits. A rule of the
page is a function here; it yields a line for each place where a log doesn't keep it.
"""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

Log = dict[str, Any]
SEMANTIC = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?")
LARGEST = 10 * 1000 * 1000
RUNS, RESULTS, RULES, EXTENSIONS, LOCATIONS, TAGS = 20, 5_000, 25_000, 100, 100, 10
"""The limits on what is shown, which are below those on what is taken."""


def runs(log: Log) -> Iterator[Log]:
    yield from log["runs"]


def results(log: Log) -> Iterator[Log]:
    for run in runs(log):
        yield from run["results"]


def rules(log: Log) -> Iterator[Log]:
    for run in runs(log):
        yield from run["tool"]["driver"]["rules"]


def places(log: Log) -> Iterator[Log]:
    """Every location, those that led to another one among them."""
    for result in results(log):
        yield from result["locations"]
        yield from result.get("relatedLocations", ())


def version_and_schema(log: Log) -> Iterator[str]:
    if log["version"] != "2.1.0":
        yield "only version 2.1.0 is taken"
    if "sarif" not in log["$schema"] or "2.1.0" not in log["$schema"]:
        yield "$schema isn't that of 2.1.0"
    if not log["runs"]:
        yield "no run"


def tool(log: Log) -> Iterator[str]:
    for run in runs(log):
        driver = run["tool"]["driver"]
        if not driver["name"]:
            yield "the tool has no name"
        if not SEMANTIC.fullmatch(driver["semanticVersion"]):
            yield f"{driver['semanticVersion']} is no semantic version"
        if len(run["tool"].get("extensions", ())) > EXTENSIONS:
            yield "too many extensions"


def one_category_a_run(log: Log) -> Iterator[str]:
    """Results of one tool and category replace those that were uploaded before."""
    seen: Counter[tuple[str, str]] = Counter()
    for run in runs(log):
        category, slash, _ = run["automationDetails"]["id"].rpartition("/")
        if not slash or not category:
            yield f"{run['automationDetails']['id']} has no category"
        seen[run["tool"]["driver"]["name"], category] += 1
    yield from (f"{each} is there twice" for each, number in seen.items() if number > 1)


def limits(log: Log) -> Iterator[str]:
    if len(log["runs"]) > RUNS:
        yield "too many runs"
    for run in runs(log):
        if len(run["results"]) > RESULTS:
            yield "too many results"
        if len(run["tool"]["driver"]["rules"]) > RULES:
            yield "too many rules"
    yield from ("too many locations" for each in results(log) if len(each["locations"]) > LOCATIONS)
    yield from ("too many related locations" for each in results(log) if len(each.get("relatedLocations", ())) > 100)
    yield from (f"{each['id']}: too many tags" for each in rules(log) if len(each["properties"]["tags"]) > TAGS)


def size(log: Log) -> Iterator[str]:
    if len(gzip.compress(json.dumps(log).encode())) >= LARGEST:
        yield "10 MB or more"


def rule_texts(log: Log) -> Iterator[str]:
    for rule in rules(log):
        texts = {
            "id": rule["id"],
            "name": rule["name"],
            "shortDescription": rule["shortDescription"]["text"],
            "fullDescription": rule["fullDescription"]["text"],
            "help": rule["help"]["text"],
            "help.markdown": rule["help"]["markdown"],
        }
        yield from (f"{rule['id']}: {key} is empty" for key, text in texts.items() if not text.strip())
        if len(rule["name"]) > 255:
            yield f"{rule['id']}: name is too long"
        longest = ("shortDescription", "fullDescription")
        yield from (f"{rule['id']}: {key} is too long" for key in longest if len(texts[key]) > 1024)
        if urlsplit(rule["helpUri"]).scheme != "https":
            yield f"{rule['id']}: {rule['helpUri']} leads nowhere"


def rule_properties(log: Log) -> Iterator[str]:
    for rule in rules(log):
        told, level = rule["properties"], rule["defaultConfiguration"]["level"]
        if level not in ("note", "warning", "error"):
            yield f"{rule['id']}: level {level}"
        if told["precision"] not in ("very-high", "high", "medium", "low"):
            yield f"{rule['id']}: precision {told['precision']}"
        if told["problem.severity"] not in ("error", "warning", "recommendation"):
            yield f"{rule['id']}: problem.severity {told['problem.severity']}"
        if not told["tags"] or len(set(told["tags"])) < len(told["tags"]):
            yield f"{rule['id']}: tags {told['tags']}"


def security_severity(log: Log) -> Iterator[str]:
    """A text above 0.0, up to 10.0, for rules that have the tag ``security``, and for no others."""
    for rule in rules(log):
        score = rule["properties"].get("security-severity")
        if ("security" in rule["properties"]["tags"]) is not (score is not None):
            yield f"{rule['id']}: tag and score don't agree"
        elif score is not None and not (isinstance(score, str) and 0.0 < float(score) <= 10.0):
            yield f"{rule['id']}: security-severity {score!r}"


def each_rule_once(log: Log) -> Iterator[str]:
    for run in runs(log):
        seen = Counter(rule["id"] for rule in run["tool"]["driver"]["rules"])
        yield from (f"{id_} is there {number} times" for id_, number in seen.items() if number > 1)


def results_name_their_rule(log: Log) -> Iterator[str]:
    for run in runs(log):
        ids = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
        yield from (each["ruleId"] for each in run["results"] if ids[each["ruleIndex"]] != each["ruleId"])


def open_results_only(log: Log) -> Iterator[str]:
    """Each result becomes an alert, whatever its kind: suppressions aren't read."""
    for result in results(log):
        if result.get("suppressions"):
            yield f"{result['ruleId']}: suppressed"
        if result.get("kind", "fail") != "fail":
            yield f"{result['ruleId']}: {result['kind']}"
        if result["level"] not in ("error", "warning", "note"):
            yield f"{result['ruleId']}: level {result['level']}"


def messages(log: Log) -> Iterator[str]:
    """Text, of which the first sentence is a title."""
    for result in results(log):
        text = result["message"]["text"]
        if not text.strip() or "\n" in text or len(text) > 1024:
            yield f"{result['ruleId']}: message {text[:40]!r}"


def one_location(log: Log) -> Iterator[str]:
    for result in results(log):
        if len(result["locations"]) != 1 or "physicalLocation" not in result["locations"][0]:
            yield f"{result['ruleId']}: {len(result['locations'])} locations"


def regions(log: Log) -> Iterator[str]:
    """All four are required, and counted from 1."""
    for place in places(log):
        region = place["physicalLocation"]["region"]
        if min(region[key] for key in ("startLine", "startColumn", "endLine", "endColumn")) < 1:
            yield f"{region}: counted from 0"
        if (region["endLine"], region["endColumn"]) <= (region["startLine"], region["startColumn"]):
            yield f"{region}: nothing in it"


def relative(log: Log) -> Iterator[str]:
    """A path from the root of the repository: no scheme, no base, nothing above the root."""
    for place in places(log):
        location = place["physicalLocation"]["artifactLocation"]
        parts = urlsplit(location["uri"])
        if parts.scheme or parts.netloc or location["uri"].startswith("/") or ".." in parts.path.split("/"):
            yield location["uri"]
        if "uriBaseId" in location:
            yield f"{location['uri']}: relative to {location['uriBaseId']}"


def in_repository(log: Log, root: Path) -> Iterator[str]:
    """A line of a file that is there, and no symbolic link."""
    last: dict[str, int] = {}
    for place in places(log):
        physical = place["physicalLocation"]
        last[physical["artifactLocation"]["uri"]] = max(
            last.get(physical["artifactLocation"]["uri"], 0), physical["region"]["endLine"]
        )
    for uri, line in last.items():
        path = root / unquote(uri)
        if not path.is_file() or path.resolve() != root.resolve() / path.relative_to(root):
            yield str(path)
        elif line > len(path.read_text().splitlines()):
            yield f"{path}: no line {line}"


def fingerprints(log: Log) -> Iterator[str]:
    """``primaryLocationLineHash`` alone is read; two results with the same one are the same alert."""
    seen: Counter[tuple[str, str]] = Counter()
    for result in results(log):
        if set(result["partialFingerprints"]) != {"primaryLocationLineHash"}:
            yield f"{result['ruleId']}: {sorted(result['partialFingerprints'])}"
        seen[result["ruleId"], result["partialFingerprints"].get("primaryLocationLineHash", "")] += 1
    yield from (f"{each} is there {number} times" for each, number in seen.items() if number > 1)


def nothing_absolute(log: Log) -> Iterator[str]:
    """No path of the machine that made the log."""
    if "file://" in json.dumps(log):
        yield "file://"


PAGE: tuple[Callable[[Log], Iterator[str]], ...] = (
    version_and_schema,
    tool,
    one_category_a_run,
    limits,
    size,
    rule_texts,
    rule_properties,
    security_severity,
    each_rule_once,
    results_name_their_rule,
    open_results_only,
    messages,
    one_location,
    regions,
    relative,
    fingerprints,
    nothing_absolute,
)
"""Every rule of the page that a log alone can keep; ``in_repository`` needs the files too."""
