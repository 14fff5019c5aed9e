"""Pulumi's AWS provider protocol for an emulated account on loopback."""

VERSION = "7.51.1"
"""The version of the SDK and provider that the sandbox plays the part of."""
