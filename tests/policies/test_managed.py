"""Managed policies of AWS: the list is what their documents say."""

from __future__ import annotations

import pytest

from policies.managed import FILE, grants_whole_service
from tests.support.managed_policies import text


@pytest.mark.long  # moto's documents take two seconds to read
def test_the_list_is_what_the_documents_say() -> None:
    assert FILE.read_text() == text(), "python -m tests.support.managed_policies writes it"


@pytest.mark.parametrize(
    ("arn", "whole"),
    [
        ("arn:aws:iam::aws:policy/AdministratorAccess", True),
        ("arn:aws-us-gov:iam::aws:policy/job-function/SystemAdministrator", True),
        ("arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess", False),
        ("arn:aws:iam::123456789012:policy/AmazonS3FullAccess", False),
        ("AdministratorAccess", False),
        ("", False),
    ],
)
def test_only_policies_of_aws_are_known_by_name(arn: str, whole: bool) -> None:
    assert grants_whole_service(arn) is whole
