"""``python -m sandbox.providers.kubernetes``: the plugin's process, started by the Pulumi engine."""

from sandbox.providers.kubernetes.provider import KubernetesProvider
from sandbox.providers.plugin import serve

serve(KubernetesProvider())
