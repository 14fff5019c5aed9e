"""The ``rollback`` command line."""
