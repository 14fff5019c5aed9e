"""The version of this image."""

VERSION = "1.6.0"
