"""A Pulumi language host for Python: the engine starts it to run programs and policy packs.

It stands in where Pulumi's own can't be had. It asks and answers what that one of the same version does, so that what
is wrong there is wrong here; `tests/toolchain/stock_answers.yaml` records those answers. Nothing of the SDK is
changed.

Source: the LanguageRuntime service (pulumi/proto/pulumi/language.proto).

The package is copied beside the `pulumi` binary and run from there, so it imports nothing of this project.
`execute.py` alone runs in the interpreter of the user's program and needs only the Pulumi SDK there.
"""
