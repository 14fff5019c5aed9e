"""URNs, also of names that hold `::`, and of words that are none."""

from __future__ import annotations

import pytest

from core.urn import name_of, provider_urn, stack_of, type_of, types_of

PLAIN = "urn:pulumi:prod::rollback-stack::rollback:systems:AsyncRag$aws:sqs/queue:Queue::jobs"
ODD = "urn:pulumi:dev::p::aws:s3/bucket:Bucket::a::b"


@pytest.mark.parametrize(
    ("urn", "stack", "types", "token", "name"),
    [
        (PLAIN, "prod", "rollback:systems:AsyncRag$aws:sqs/queue:Queue", "aws:sqs/queue:Queue", "jobs"),
        (ODD, "dev", "aws:s3/bucket:Bucket", "aws:s3/bucket:Bucket", "a::b"),
        ("jobs-prod", "", "", "", "jobs-prod"),
        ("blast-radius:rag-api", "", "", "", "blast-radius:rag-api"),
        ("", "", "", "", ""),
    ],
)
def test_the_parts_of_a_urn(urn: str, stack: str, types: str, token: str, name: str) -> None:
    assert (stack_of(urn), types_of(urn), type_of(urn), name_of(urn)) == (stack, types, token, name)


def test_a_reference_to_a_provider_ends_in_its_id() -> None:
    provider = "urn:pulumi:dev::p::pulumi:providers:aws::west"
    assert provider_urn(f"{provider}::0a1b") == provider
    assert provider_urn(None) == provider_urn("") == ""
