"""Releases and stack settings: what a stack runs, and where, as typed data.

A *release* (``stacks/releases/v1.2.3.yaml``) pins every artifact and the switches that belong to a version. *Stack
settings* (``stacks/Pulumi.<stack>.yaml``) hold what belongs to an environment. What is deployed depends on these two
and on nothing else.
"""
