"""The CrossGuard pack: what the engine refuses to do, whatever the program says.

One file a concern. A policy is a ``Rule`` with a pure check, which the tests call without an engine; ``pack`` holds
all of them, ``engine`` answers Pulumi's engine with them, and ``server`` serves that. Nothing here knows the systems of
this project: they come in through the stack's settings (``policies:``), the waivers and the approvals.
"""
