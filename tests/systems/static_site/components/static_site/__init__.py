"""static-site: pages in a bucket, a function that serves them, an alarm on the function."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from components.common.alarms import Alarms
from components.common.bucket import data_bucket
from components.common.context import Context
from components.common.function import FunctionSpec, VersionedFunction
from components.common.logs import FunctionLogs
from components.common.statements import all_of, allow
from stacks.selection import Manifests, Selected
from stacks.static_site import StaticSiteRelease, StaticSiteSettings

SYSTEM = "static-site"


class StaticSite(pulumi.ComponentResource):
    """The whole system at one release."""

    def __init__(
        self,
        context: Context,
        selected: Selected,
        _manifests: Manifests,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("rollback:systems:StaticSite", SYSTEM, None, opts)
        release, settings = selected.release, context.settings.of(StaticSiteSettings)
        assert isinstance(release, StaticSiteRelease)
        prefix, tags = f"{SYSTEM}-{context.stack}", context.tags(SYSTEM)
        pages = data_bucket(f"{SYSTEM}-pages", f"{prefix}-pages", tags, self)
        function = f"{prefix}-page"
        logs = FunctionLogs(SYSTEM, {"page": function}, settings.log_retention_days, context, self)
        spec = FunctionSpec(
            system=SYSTEM,
            name="page",
            physical_name=function,
            artifact=release.functions["page"],
            size=settings.function,
            environment={"RELEASE": selected.version, "PAGES_BUCKET": pages.bucket},
            statements=all_of(allow(["s3:GetObject"], pages.arn.apply(lambda arn: f"{arn}/*"))),
            logs=logs.of["page"],
        )
        page = VersionedFunction(spec, context, pulumi.ResourceOptions(parent=self))
        topic = aws.sns.Topic(
            f"{SYSTEM}-alarms", name=f"{prefix}-alarms", tags=tags, opts=pulumi.ResourceOptions(parent=self)
        )
        alarms = Alarms(SYSTEM, prefix, topic, context, self)
        alarms.error_rate("page", function, settings.error_rate_above, periods=2, breaching=2)
        self.published: dict[str, pulumi.Output[Mapping[str, object]]] = {function: page.memory}
        self.summary: dict[str, pulumi.Input[object]] = {
            "release": context.reached(selected, [page.touched]),
            "pinned": selected.pinned,
            "health": page.arn,
            "endpoints": {"page": page.arn},
            "stores": {"pages": pages.bucket},
            "functions": {"page": page.arn},
            "alarms": topic.arn,
        }
        self.register_outputs(self.summary)
