"""Which rights each step needs: what the providers do for a resource type, and what `rollback` itself asks for.

The tables (``aws_types``, ``commands``, ``cluster``) have ARN patterns by the stack's own names (``names``).
``preflight`` has them simulated, and ``document`` makes IAM policies of them.
"""
