"""Pulumi's own Kubernetes provider, built from its published Go module, as the sandbox's plugin."""

VERSION = "4.34.2"
"""The version of the pulumi-kubernetes SDK that the project pins; the engine looks for a plugin of the same."""
