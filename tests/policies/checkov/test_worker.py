"""What a place that can't be told could hold, and when a verdict stands: with checks of the test's own."""

from __future__ import annotations

import json
import runpy
import sys
from collections.abc import Iterator
from enum import Enum
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import pytest

from policies.checkov import engine
from policies.checkov.holes import Holes
from policies.checkov.naming import Shape
from policies.checkov.values import GAP, UNKNOWN, Unknown

POLICIES = ("0.0.0.0/0", "::/0")


class Result(Enum):
    PASSED = "PASSED"
    FAILED = "FAILED"
    UNKNOWN = "UNKNOWN"


@pytest.fixture(scope="module")
def judging() -> Iterator[ModuleType]:
    """The worker's own modules, which its environment finds beside each other."""
    with pytest.MonkeyPatch.context() as patched:
        patched.syspath_prepend(str(engine.WORKER))
        import judging  # type: ignore[import-not-found]

        yield judging
        for name in ("judging", "neighbours", "possible", "words"):
            sys.modules.pop(name, None)


class Check:
    """A check in Python as checkov has them."""

    id, name, entity_type = "CKV_TEST_1", "Ensure", "aws_thing"

    def scan(self, conf: dict[str, Any]) -> Result:
        raise NotImplementedError


class Encrypted(Check):
    def scan(self, conf: dict[str, Any]) -> Result:
        return Result.PASSED if conf.get("encrypted") == [True] else Result.FAILED


class Private(Check):
    def scan(self, conf: dict[str, Any]) -> Result:
        blocks = [each for block in conf.get("ingress", []) for each in (block.get("cidr_blocks") or [[]])[0]]
        return Result.FAILED if set(blocks) & set(POLICIES) else Result.PASSED


class HasKey(Check):
    def scan(self, conf: dict[str, Any]) -> Result:
        return Result.PASSED if conf.get("kms_key_id") else Result.FAILED


class ModernTls(Check):
    def scan(self, conf: dict[str, Any]) -> Result:
        return Result.PASSED if conf.get("ssl_policy", [""])[0] in ("TLS-1-2", "TLS-1-3") else Result.FAILED


class LongEnough(Check):
    def scan(self, conf: dict[str, Any]) -> Result:
        return Result.PASSED if int(conf.get("retention", [0])[0]) >= 365 else Result.FAILED


class NoStars(Check):
    def scan(self, conf: dict[str, Any]) -> Result:
        policy = conf.get("policy", [{}])[0]
        statements = policy.get("Statement", [policy])
        return Result.FAILED if any("*" in each.values() for each in statements) else Result.PASSED


class Logs(Check):
    def scan(self, conf: dict[str, Any]) -> Result:
        return Result.PASSED if conf.get("logging", [{}])[0].get("bucket") else Result.FAILED


class Named(Check):
    def scan(self, conf: dict[str, Any]) -> Result:
        return Result.PASSED if conf.get("name") else Result.FAILED


class Broken(Check):
    def scan(self, conf: dict[str, Any]) -> Result:
        raise KeyError("x")


def verdict(judging: ModuleType, check: Check, conf: dict[str, Any], holes: Holes) -> str:
    """The verdict that stands, or ``open`` or ``broken``."""
    judge = judging.Judge(json.loads(str(holes)), Result, set())
    answer = judge.judge(check, "plan.json", conf, lambda given: {"result": check.scan(given)})
    if judge.undecided:
        return "open"
    return "broken" if judge.broken else cast(str, answer["result"].value)


@pytest.mark.parametrize(
    ("check", "path", "shape", "reference", "expected"),
    [
        pytest.param(Encrypted(), ["encrypted"], Shape.BOOLEAN, None, "open", id="boolean"),
        pytest.param(Encrypted(), ["encrypted"], Shape.TEXT, None, "open", id="boolean as text"),
        pytest.param(Encrypted(), ["encrypted"], "any", None, "open", id="boolean of Kubernetes"),
        pytest.param(LongEnough(), ["retention"], Shape.NUMBER, None, "open", id="number"),
        pytest.param(HasKey(), ["kms_key_id"], Shape.TEXT, "aws_kms_key.a.id", "PASSED", id="a resource's own id"),
        pytest.param(HasKey(), ["kms_key_id"], Shape.TEXT, None, "open", id="an id from nowhere"),
        pytest.param(ModernTls(), ["ssl_policy"], Shape.TEXT, "aws_x.a.id", "open", id="one of several texts"),
        pytest.param(NoStars(), ["policy"], Shape.TEXT, "aws_s3_bucket.a.id", "open", id="document"),
        pytest.param(Named(), ["description"], Shape.TEXT, None, "FAILED", id="what the check doesn't look at"),
    ],
)
def test_an_attribute(
    judging: ModuleType, check: Check, path: list[str], shape: Shape | str, reference: str | None, expected: str
) -> None:
    holes = Holes()
    conf = {path[-1]: [holes.stand_in(UNKNOWN, path, shape, reference)]}
    assert verdict(judging, check, conf, holes) == expected


def ingress(*blocks: Any) -> dict[str, Any]:
    return {"ingress": [{"cidr_blocks": [list(blocks)]}]}


def test_a_certain_failure_isnt_hidden_by_what_stands_beside_it(judging: ModuleType) -> None:
    holes = Holes()
    hole = holes.stand_in(UNKNOWN, ["ingress", "cidr_blocks"], Shape.TEXT, None, whole=False)
    assert verdict(judging, Private(), ingress(hole, "0.0.0.0/0"), holes) == "FAILED"
    assert verdict(judging, Private(), ingress(hole, "10.0.0.0/8"), holes) == "open"


def test_a_block_that_isnt_known_is_never_passed(judging: ModuleType) -> None:
    holes = Holes()
    hole = holes.stand_in(UNKNOWN, ["ingress"], Shape.BLOCK, None)
    assert verdict(judging, Private(), {"ingress": [{hole: hole}]}, holes) == "open"
    assert verdict(judging, Logs(), {"ingress": [{hole: hole}]}, holes) == "FAILED", "of no concern to this one"
    logging = holes.stand_in(UNKNOWN, ["logging"], Shape.BLOCK, None)
    assert verdict(judging, Logs(), {"logging": [{logging: logging}]}, holes) == "open"
    part = holes.stand_in(UNKNOWN, ["ingress"], Shape.BLOCK, None, whole=False)
    known = ingress("0.0.0.0/0")["ingress"]
    assert verdict(judging, Private(), {"ingress": [{part: part}, *known]}, holes) == "FAILED"
    assert verdict(judging, Private(), {"ingress": [{part: part}, *ingress("10.0.0.0/8")["ingress"]]}, holes) == "open"


def test_a_document_that_is_known_in_part(judging: ModuleType) -> None:
    holes = Holes()
    role = Unknown(text=f'{{"Principal": "{GAP}", "Action": "*"}}')
    assert (
        verdict(judging, NoStars(), {"policy": [holes.stand_in(role, ["policy"], Shape.TEXT, None)]}, holes) == "FAILED"
    )
    open_ = Unknown(text=f'{{"Principal": "{GAP}"}}')
    assert (
        verdict(judging, NoStars(), {"policy": [holes.stand_in(open_, ["policy"], Shape.TEXT, None)]}, holes) == "open"
    )


def test_a_check_that_fails_itself_on_all_of_it_is_told(judging: ModuleType) -> None:
    holes = Holes()
    hole = holes.stand_in(UNKNOWN, ["name"], Shape.TEXT, None)
    assert verdict(judging, Broken(), {"name": [hole]}, holes) == "broken"
    assert verdict(judging, Broken(), {"name": ["x"]}, holes) == "broken"


def test_a_check_of_the_order_of_replacement_needs_an_update_plan(judging: ModuleType) -> None:
    judge = judging.Judge({}, Result, {"CKV_TEST_1"})
    judge.judge(Named(), "plan.json", {"name": ["x"]}, lambda given: {"result": Result.PASSED})
    (told,) = judge.undecided
    assert told["causes"] == ["deleteBeforeReplace, which only an update plan tells (--plan)"]
    first = {"name": ["x"], "lifecycle": [{"create_before_destroy": [True]}]}
    answer = judge.judge(Named(), "plan.json", first, lambda given: {"result": Result.PASSED})
    assert answer["result"] is Result.PASSED, "the update plan tells it"
    assert len(judge.undecided) == 1


def test_secrets_are_named_as_such(judging: ModuleType) -> None:
    holes = Holes()
    hole = holes.stand_in(Unknown(secret=True), ["encrypted"], Shape.BOOLEAN, None)
    judge = judging.Judge(json.loads(str(holes)), Result, set())
    check = Encrypted()
    judge.judge(check, "plan.json", {"encrypted": [hole]}, lambda given: {"result": check.scan(given)})
    assert [each["causes"] for each in judge.undecided] == [["encrypted is secret"]]


class Follower(Check):
    """Looks at the policies beside a resource, as checks of buckets and APIs do."""

    graph: Any = None

    def scan(self, conf: dict[str, Any]) -> Result:
        policies = [each["policy"] for _, each in self.graph.nodes() if "policy" in each]
        return Result.FAILED if any(each["Statement"][0]["Principal"] == "*" for each in policies) else Result.PASSED


class Graph:
    """As rustworkx has it: nodes by number, edges as pairs of them."""

    def __init__(self, nodes: list[dict[str, Any]], edges: list[tuple[int, int]]) -> None:
        self._nodes, self._edges = [(each["__address__"], each) for each in nodes], edges

    def nodes(self) -> list[tuple[str, dict[str, Any]]]:
        return self._nodes

    def node_indices(self) -> range:
        return range(len(self._nodes))

    def __getitem__(self, index: int) -> tuple[str, dict[str, Any]]:
        return self._nodes[index]

    def out_edges(self, index: int) -> list[tuple[int, int, None]]:
        return [(start, end, None) for start, end in self._edges if start == index]

    def in_edges(self, index: int) -> list[tuple[int, int, None]]:
        return [(start, end, None) for start, end in self._edges if end == index]


def test_a_check_that_follows_connections_is_asked_for_all_that_its_neighbours_could_be(judging: ModuleType) -> None:
    holes = Holes()
    hole = holes.stand_in(UNKNOWN, ["policy"], Shape.TEXT, None)
    nodes = [
        {"__address__": "aws_api.a"},
        {"__address__": "aws_policy.a", "policy": hole},
        {"__address__": "aws_x.far"},
    ]
    check = Follower()
    check.graph = Graph(nodes, [(1, 0)])
    judge = judging.Judge(json.loads(str(holes)), Result, set())
    conf = {"__address__": "aws_api.a"}
    answer = judge.judge(check, "plan.json", conf, lambda given: {"result": check.scan(given)})
    assert answer["result"] is Result.UNKNOWN
    assert [each["causes"] for each in judge.undecided] == [["policy"]]
    assert nodes[1]["policy"] == hole, "the graph is as before"
    assert judge.broken == []


def test_what_isnt_near_is_no_neighbour(judging: ModuleType) -> None:
    from neighbours import Neighbours  # type: ignore[import-not-found]

    holes = Holes()
    hole = holes.stand_in(UNKNOWN, ["policy"], Shape.TEXT, None)
    near, far = {"__address__": "near", "policy": hole}, {"__address__": "far", "policy": hole}
    own, bucket = {"__address__": "own", "policy": hole}, {"__address__": "bucket"}
    graph = Graph([own, bucket, near, far], [(0, 1), (2, 1), (3, 2)])
    places = judging.Judge(json.loads(str(holes)), Result, set()).places
    assert Neighbours(places).of(graph, "own") == [near]


def test_a_policy_speaks_of_every_argument_that_its_path_names(judging: ModuleType) -> None:
    from words import of_check  # type: ignore[import-not-found]

    class Policy:
        attribute = "origin[?(@.custom_origin_config.origin_protocol_policy != 'https-only')].domain_name"
        attribute_value = ".elb."
        sub_checks: tuple[Any, ...] = ()

    assert of_check(Policy()).mention(["origin", "domain_name"])


class Reader:
    """checkov's reader of plans, as much of it as is replaced: it adds the lines of every block."""

    @staticmethod
    def _hclify(obj: Any, conf: Any = None, parent_key: Any = None, resource_type: Any = None) -> Any:
        return {**{key: [value] for key, value in obj.items()}, "start_line": 3, "__file__": "plan.json"}


def test_a_block_of_a_plan_is_read_as_one_of_a_file(judging: ModuleType) -> None:
    worker = runpy.run_path(str(engine.WORKER / "__main__.py"), run_name="worker")
    reader = Reader()
    worker["read_blocks"](reader)
    assert reader._hclify({}, parent_key="rule") == {}, "an empty block is empty"
    document = '{"Statement": [{"Effect": "Allow"}]}'
    read = reader._hclify({"policy": document}, resource_type="aws_thing")
    assert read["policy"] == [{"Statement": [{"Effect": "Allow"}]}]
    assert read["start_line"] == 3, "checkov finds a resource by its line"


def test_a_document_keeps_its_lists_in_the_graph(judging: ModuleType) -> None:
    worker = runpy.run_path(str(engine.WORKER / "__main__.py"), run_name="worker")
    whole = {"Statement": [{"Effect": "Allow"}]}
    config = {"aws_thing": {"a": {"__address__": "aws_thing.a", "policy": [whole], "block": [{"x": [1]}]}}}
    vertex = SimpleNamespace(
        block_type="resource",
        config=config,
        attributes={"policy": {"Statement": {"Effect": "Allow"}}, "block": {"x": 1}},
    )

    class Manager:
        def build_graph_from_definitions(self) -> Any:
            return SimpleNamespace(vertices=[vertex])

    values = {"policy": json.dumps(whole), "block": [{"x": 1}], "name": "{not a document"}
    plan = {"planned_values": {"root_module": {"resources": [{"address": "aws_thing.a", "values": values}]}}}
    worker["keep_documents"](Manager, worker["documents"](plan))
    Manager().build_graph_from_definitions()
    assert vertex.attributes == {"policy": [whole], "block": {"x": 1}}


def test_a_known_value_that_refers_to_a_resource_is_the_reference_to_a_check_that_follows_it(
    judging: ModuleType,
) -> None:
    from neighbours import links

    values = {"api_id": "a1b2", "policy": "{}", "subnet_id": "hole-1-", "vpc_id": "vpc-1", "name": "api"}
    two = {"references": ["aws_vpc.a.id", "aws_vpc.a", "aws_vpc.b.id", "aws_vpc.b"]}
    own = {"references": ["aws_api.a.id", "aws_api.a"]}
    expressions = {"api_id": own, "policy": own, "subnet_id": own, "vpc_id": two, "block": [{"api_id": own}]}
    plan = {
        "planned_values": {"root_module": {"resources": [{"address": "aws_method.a", "values": values}]}},
        "configuration": {"root_module": {"resources": [{"address": "aws_method.a", "expressions": expressions}]}},
    }
    found = links(plan, {"hole-1-": {}})
    assert found == {"aws_method.a": {"api_id": "aws_api.a.id"}}

    class Connected(Check):
        graph: Any = None

        def scan(self, conf: dict[str, Any]) -> Result:
            ids = [each["__address__"] for _, each in self.graph.nodes()]
            return Result.PASSED if conf["api_id"][0].rpartition(".")[0] in ids else Result.FAILED

    check = Connected()
    check.graph = Graph([{"__address__": "aws_api.a"}, {"__address__": "aws_method.a", "api_id": "a1b2"}], [(1, 0)])
    judge = judging.Judge({}, Result, set(), found)
    conf = {"__address__": "aws_method.a", "api_id": ["a1b2"]}
    answer = judge.judge(check, "plan.json", conf, lambda given: {"result": check.scan(given)})
    assert answer["result"] is Result.PASSED
    assert conf["api_id"] == ["a1b2"]


@pytest.mark.parametrize(("bucket", "near"), [("shop", True), ("aws_s3_bucket.shop.id[7]", False), ("other", False)])
def test_what_names_the_same_resource_by_text_is_a_neighbour(judging: ModuleType, bucket: str, near: bool) -> None:
    from neighbours import Neighbours

    holes = Holes()
    hole = holes.stand_in(UNKNOWN, ["policy"], Shape.TEXT, None)
    acl = {"__address__": "acl", "bucket": "shop"}
    policy = {"__address__": "policy", "bucket": bucket, "policy": hole}
    places = judging.Judge(json.loads(str(holes)), Result, set()).places
    beyond = {"__address__": "beyond", "policy": hole}
    graph = Graph([acl, policy, beyond], [(1, 2)])
    assert Neighbours(places).of(graph, "acl") == ([policy] if near else []), "and nothing beyond it"
