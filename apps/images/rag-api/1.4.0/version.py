"""The version of this image."""

VERSION = "1.4.0"
