"""Log lines. Lambda takes what a function prints into its log group."""

from __future__ import annotations


def say(message: str, /, **details: object) -> None:
    """Print one line: the message, then `name=value` for each detail. Failures begin with ERROR (seed 002, step 4)."""
    print(" ".join([message, *(f"{name}={value}" for name, value in details.items())]), flush=True)
