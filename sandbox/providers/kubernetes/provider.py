"""The ResourceProvider service for Kubernetes objects.

Source: Pulumi's provider protocol (``provider.proto``) and the documented behaviour of Pulumi's Kubernetes provider.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from google.protobuf import empty_pb2

from sandbox.providers import wire
from sandbox.providers.kubernetes import VERSION, objects, outputs, shape
from sandbox.providers.kubernetes.errors import KubernetesError, NotReadyError, UnknownKindError
from sandbox.providers.kubernetes.lifecycle import Lifecycle, manager_of
from sandbox.providers.kubernetes.settings import Settings, read
from sandbox.providers.plugin import Plugin, guarded, init_failed
from sandbox.providers.protocol import provider_pb2 as pb

_NOT_HERE = "is not part of the sandbox's kubernetes provider: declare the objects one by one"


class KubernetesProvider(Plugin):
    """Serves every kind of object that the cluster serves."""

    version = VERSION

    def __init__(self) -> None:
        super().__init__()
        self.settings = Settings(None)
        self._lifecycle: Lifecycle | None = None

    def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: ARG002
        """Settings are taken as they are; `Configure` looks at them."""
        return pb.CheckResponse(inputs=request.news)

    def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: ARG002
        """Another clusterIdentifier means another cluster, so everything is made anew; all else is a plain change."""
        old, new = wire.decode(request.olds), wire.decode(request.news)
        changed = sorted(key for key in {*old, *new} if old.get(key) != new.get(key))
        moved = [key for key in changed if key == "clusterIdentifier" and key in old]
        kind = pb.DiffResponse.DIFF_SOME if changed else pb.DiffResponse.DIFF_NONE
        return pb.DiffResponse(changes=kind, diffs=changed, replaces=moved)

    @guarded
    def Configure(self, request: Any, context: Any) -> Any:  # noqa: ARG002
        """Choose the cluster and make sure that it answers."""
        self.settings = read(wire.decode(request.args))
        if self.settings.cluster is not None:
            from sandbox.providers.kubernetes.api import Api

            api = Api(self.settings.cluster)
            api.check()
            self._lifecycle = Lifecycle(api, self.settings, self.log.status, self.log.warning, self.cancelled)
        return pb.ConfigureResponse(
            acceptSecrets=False, supportsPreview=True, acceptResources=False, acceptOutputs=False
        )

    @property
    def lifecycle(self) -> Lifecycle:
        """The operations on the cluster. Raises `KubernetesError` while the kubeconfig isn't known."""
        if self._lifecycle is None:
            raise KubernetesError("the provider's kubeconfig is not known yet, so no object can be read or changed")
        return self._lifecycle

    @guarded
    def Check(self, request: Any, context: Any) -> Any:  # noqa: ARG002
        """Fill in apiVersion, kind, name and namespace."""
        api_version, kind = objects.api_of(objects.urn_type(request.urn))
        old, new = wire.decode(request.olds), wire.decode(request.news)
        inputs = shape.without_server_fields({"apiVersion": api_version, "kind": kind, **new})
        if inputs.get("metadata") == wire.UNKNOWN:
            return pb.CheckResponse(inputs=wire.encode(outputs.guard_secrets(inputs)))
        metadata = objects.metadata_of(inputs)
        if "generateName" in metadata and "name" not in metadata:
            reason = "generateName can't be used with server-side apply: leave it out for a generated name, or set name"
            failure = pb.CheckFailure(property="metadata.generateName", reason=reason)
            return pb.CheckResponse(inputs=request.news, failures=[failure])
        if not metadata.get("name"):
            inputs = objects.with_name(inputs, _automatic_name(request, old))
        inputs = self._placed(inputs)
        return pb.CheckResponse(inputs=wire.encode(outputs.guard_secrets(inputs)))

    def _placed(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """The inputs with a namespace when their kind has one, and without when it is of the whole cluster."""
        if self._lifecycle is None:
            return inputs
        try:
            namespaced = self._lifecycle.api.kind(str(inputs["apiVersion"]), str(inputs["kind"])).namespaced
        except UnknownKindError:
            namespaced = True  # its CustomResourceDefinition comes with the same update
        metadata = dict(objects.metadata_of(inputs))
        if not namespaced:
            metadata.pop("namespace", None)
        elif not metadata.get("namespace"):
            metadata["namespace"] = self._lifecycle.api.cluster.namespace
        return {**inputs, "metadata": metadata}

    @guarded
    def Diff(self, request: Any, context: Any) -> Any:  # noqa: ARG002
        """Compare old and new inputs; after a refresh the old inputs are those of the live object."""
        from sandbox.providers.kubernetes import difference, ownership, replacement

        old, new = wire.decode(request.old_inputs), wire.decode(request.news)
        live = wire.decode(request.olds)
        old = shape.without_server_fields(old)
        manager = manager_of(request.urn, new, live)
        ignored = [difference.parse_path(text) for text in request.ignoreChanges]
        found = [
            item
            for item in difference.compare(old, new)
            if not any(difference.covers(pattern, item.path) for pattern in ignored)
            and not (item.change == "delete" and not ownership.owns(live, manager, item.path))
        ]
        forced = replacement.forcing(new, found, self.settings.config_map_mutable, self.settings.secret_mutable)
        metadata = objects.metadata_of(new)
        same_place = objects.name_of(old) == metadata.get("name") and objects.namespace_of(old) == metadata.get(
            "namespace"
        )
        response = pb.DiffResponse(
            changes=pb.DiffResponse.DIFF_SOME if found else pb.DiffResponse.DIFF_NONE,
            diffs=sorted({str(item.path[0]) for item in found}),
            replaces=[item.text for item in forced],
            deleteBeforeReplace=bool(forced) and same_place and not objects.flagged(new, objects.AUTONAMED),
            hasDetailedDiff=True,
        )
        for item in found:
            name = item.change.upper() + ("_REPLACE" if item in forced else "")
            response.detailedDiff[item.text].kind = pb.PropertyDiff.Kind.Value(name)
            response.detailedDiff[item.text].inputDiff = True
        return response

    @guarded
    def Create(self, request: Any, context: Any) -> Any:  # noqa: ARG002
        """Make an object and wait until it is ready."""
        inputs = wire.decode(request.properties)
        if request.preview:
            return pb.CreateResponse(properties=wire.encode(outputs.previewed(inputs, {})))
        kind, live = self.lifecycle.create(request.urn, inputs)
        manager = manager_of(request.urn, inputs, {})
        live = self._awaited(request, kind, inputs, live, manager)
        return pb.CreateResponse(id=objects.id_of(live), properties=wire.encode(outputs.of(live, manager)))

    @guarded
    def Update(self, request: Any, context: Any) -> Any:  # noqa: ARG002
        """Change an object and wait until it is ready again."""
        inputs, old = wire.decode(request.news), wire.decode(request.olds)
        if request.preview:
            return pb.UpdateResponse(properties=wire.encode(outputs.previewed(inputs, old)))
        kind, live = self.lifecycle.update(request.urn, inputs, old, request.ignoreChanges)
        manager = manager_of(request.urn, inputs, old)
        live = self._awaited(request, kind, inputs, live, manager)
        return pb.UpdateResponse(properties=wire.encode(outputs.of(live, manager)))

    def _awaited(
        self, request: Any, kind: Any, inputs: Mapping[str, Any], live: dict[str, Any], manager: str
    ) -> dict[str, Any]:
        try:
            return self.lifecycle.ready(request.urn, kind, inputs, live, request.timeout)
        except KubernetesError as error:
            # The object exists, whatever went wrong since: its id must not get lost.
            latest, reasons = live, [str(error)]
            if isinstance(error, NotReadyError):
                latest, reasons = error.live or live, [error.summary, *error.reasons]
            raise init_failed(
                objects.id_of(latest),
                outputs.of(latest, manager),
                reasons,
                outputs.guard_secrets(inputs),
            ) from error

    @guarded
    def Read(self, request: Any, context: Any) -> Any:  # noqa: ARG002
        """The live object; its inputs are what the program set, as it is now, or (an import) what anybody set."""
        old, inputs = wire.decode(request.properties), wire.decode(request.inputs)
        live = self.lifecycle.read(*objects.api_of(objects.urn_type(request.urn)), request.id)
        if live is None:
            return pb.ReadResponse()
        seen = objects.from_api(live)
        found = shape.live_inputs(inputs, seen) if inputs else shape.inputs_of(seen)
        return pb.ReadResponse(
            id=objects.id_of(live),
            properties=wire.encode(outputs.of(live, manager_of(request.urn, inputs, old))),
            inputs=wire.encode(outputs.guard_secrets(found)),
        )

    @guarded
    def Delete(self, request: Any, context: Any) -> Any:  # noqa: ARG002
        """Delete an object and wait until it is gone."""
        self.lifecycle.delete(request.urn, request.id, wire.decode(request.properties), request.timeout)
        return empty_pb2.Empty()

    @guarded
    def Invoke(self, request: Any, context: Any) -> Any:  # noqa: ARG002
        """Functions (charts, kustomize, YAML) are out of scope."""
        raise KubernetesError(f"the function {request.tok} {_NOT_HERE}")

    @guarded
    def Construct(self, request: Any, context: Any) -> Any:  # noqa: ARG002
        """Components (charts, kustomize, YAML) are out of scope."""
        raise KubernetesError(f"{request.type} {_NOT_HERE}")

    def GetSchema(self, request: Any, context: Any) -> Any:  # noqa: ARG002
        """The bare minimum: the package's name and version."""
        return pb.GetSchemaResponse(schema=json.dumps({"name": "kubernetes", "version": VERSION}))


def _automatic_name(request: Any, old: Mapping[str, Any]) -> str:
    if objects.flagged(old, objects.AUTONAMED) and objects.name_of(old):
        return objects.name_of(old)
    if request.HasField("autonaming") and request.autonaming.proposed_name:
        return str(request.autonaming.proposed_name)
    digits = hashlib.sha256(bytes(request.randomSeed) + request.urn.encode()).hexdigest()[:8]
    return f"{objects.urn_name(request.urn)}-{digits}"
