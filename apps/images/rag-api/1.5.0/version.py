"""The version of this image."""

VERSION = "1.5.0"
