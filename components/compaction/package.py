"""The receipt_chroma package: a layer version for each of its versions that a release pins.

All of them stay: a layer version that was replaced would be published under another number on the way back, and the
functions' versions with it.
"""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from components.common.context import Context
from components.common.function import RUNTIME, Layer
from stacks.artifact_objects import code_hash
from stacks.artifacts import Artifact, layer_key
from stacks.compaction import PACKAGE


class Package(pulumi.ComponentResource):
    """The package's layer versions."""

    def __init__(self, context: Context, pinned: Sequence[Artifact], opts: pulumi.ResourceOptions) -> None:
        super().__init__("rollback:compaction:Package", "compaction-package", None, opts)
        wanted = {artifact.version: artifact for artifact in pinned}
        self.layers: dict[str, Layer] = {}
        before: list[pulumi.Resource] = []
        for version, artifact in sorted(wanted.items(), key=lambda pair: tuple(map(int, pair[0].split(".")))):
            made = aws.lambda_.LayerVersion(
                f"compaction-receipt-chroma-{version}",
                layer_name=f"receipt-chroma-{context.stack}",
                s3_bucket=context.settings.project.artifact_bucket,
                s3_key=layer_key("compaction", PACKAGE, artifact),
                source_code_hash=code_hash(artifact.sha256),
                compatible_runtimes=[RUNTIME],
                description=f"{PACKAGE} {version}",
                # One after the other, so that a new stack numbers them as every other stack does.
                opts=pulumi.ResourceOptions(parent=self, retain_on_delete=True, depends_on=list(before)),
            )
            before = [made]
            self.layers[version] = Layer(made.arn, artifact.sha256)
        self.register_outputs({})
