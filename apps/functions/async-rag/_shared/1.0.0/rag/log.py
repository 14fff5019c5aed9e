"""Log lines. Lambda takes what a function prints into its log group."""

from __future__ import annotations


def say(message: str, /, **details: object) -> None:
    """Print one line: the message, then `name=value` for each detail.

    The words "Processing complete" are what the runbook filters for (seed 000, monitoring during rollback).
    """
    print(" ".join([message, *(f"{name}={value}" for name, value in details.items())]), flush=True)
