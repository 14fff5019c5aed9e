"""The version of this image."""

VERSION = "2.0.0"
