"""What everything stands on: the base model and its error, identifiers, strict YAML, AWS clients, states and URNs.

``core`` imports nothing of this project, so that ``guard`` and ``policies`` can be taken elsewhere with it alone.
"""
