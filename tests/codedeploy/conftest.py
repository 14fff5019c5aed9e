"""An account for the deployments room, reached as the product reaches any: through the environment."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sandbox.account.conftest import Account


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    made = Account(tmp_path_factory.mktemp("account") / "state").start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", made.url)
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        yield made
    made.kill()
