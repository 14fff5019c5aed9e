"""Recovery points: verified copies of durable stores, their catalogue, and what makes one good enough.

``stores`` finds the stores of a state, ``work`` counts, copies, verifies and restores them, ``catalogue`` keeps the
records, ``judgement`` says whether a record is in order. SDKs are imported where they are used, so that a program which
only registers a hook doesn't wait for them.
"""
