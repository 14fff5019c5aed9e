"""A Pulumi language host for Python: what the engine starts to run programs and policy packs.

Source: the LanguageRuntime service (pulumi/proto/pulumi/language.proto).

The package is copied beside the `pulumi` binary and run from there, so it imports nothing of this project.
`child.py` alone runs in the interpreter of the user's program and needs only the Pulumi SDK there.
"""
