"""Names of properties in the engine's spelling and in Python's; a few hundred are asked for thousands of times."""

from __future__ import annotations

import functools

from pydantic import alias_generators

to_camel = functools.cache(alias_generators.to_camel)
"""``visibility_timeout_seconds`` as ``visibilityTimeoutSeconds``."""
to_snake = functools.cache(alias_generators.to_snake)
"""The other way round."""
