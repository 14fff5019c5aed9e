"""The sandbox's pulumi-resource-kubernetes: every kind of a cluster on loopback, by server-side apply."""

VERSION = "4.34.2"
"""The release of Pulumi's Kubernetes provider whose SDK this plugin serves."""
