"""Releases from source to lock: build, write the manifest, compare, check, publish, retire, sign."""
