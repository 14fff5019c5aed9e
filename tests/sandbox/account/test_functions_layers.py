"""Layers of functions: from the artifact bucket, in several versions, and after they were deleted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .conftest import package

SOURCE = "import shared_words\ndef handler(event, context): return shared_words.WORD\n"


def words(account: Any, word: str) -> str:
    """Publish a version of the layer `words` from a bucket; returns its ARN."""
    s3, bucket = account.client("s3"), "layers-shelf"
    if bucket not in {found["Name"] for found in s3.list_buckets()["Buckets"]}:
        s3.create_bucket(Bucket=bucket)
    archive = package("", **{"python/shared_words.py": f"WORD = {word!r}\n"})
    s3.put_object(Bucket=bucket, Key=f"{word}.zip", Body=archive)
    made = account.client("lambda").publish_layer_version(
        LayerName="shelved-words", Content={"S3Bucket": bucket, "S3Key": f"{word}.zip"}
    )
    return str(made["LayerVersionArn"])


def test_a_published_version_keeps_the_layer_it_was_published_with(account: Any) -> None:
    client = account.client("lambda")
    first, second = words(account, "one"), words(account, "two")
    account.function("shelved", SOURCE, Layers=[first], Publish=True)
    client.update_function_configuration(FunctionName="shelved", Layers=[second])
    assert client.publish_version(FunctionName="shelved")["Version"] == "2"
    assert account.invoke("shelved", Qualifier="1")[0] == "one"
    assert account.invoke("shelved", Qualifier="2")[0] == "two"


@pytest.mark.long
def test_a_deleted_layer_lives_on_in_the_functions_that_have_it(own_account: Callable[..., Any]) -> None:
    account = own_account()
    client = account.client("lambda")
    layer = words(account, "kept")
    account.function("keeper", SOURCE, Layers=[layer], Publish=True)
    client.delete_layer_version(LayerName="shelved-words", VersionNumber=int(layer.rsplit(":", 1)[1]))

    assert client.list_layer_versions(LayerName="shelved-words")["LayerVersions"] == []
    with pytest.raises(client.exceptions.ClientError):
        account.function("late", SOURCE, Layers=[layer])
    assert account.invoke("keeper", Qualifier="1")[0] == "kept"

    # Nor does a restart forget it; the unpacked copy is gone, as after `make clean` of the caches.
    account.stop()
    for folder in (account.state_dir / "functions").iterdir():
        folder.rename(folder.with_suffix(".old"))
    account.start()
    assert account.invoke("keeper", Qualifier="1")[0] == "kept"
    assert words(account, "next").endswith(":2")
