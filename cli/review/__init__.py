"""``rollback review``: what a change does to a stack, and whether every release can still be gone back to.

``preview`` runs the engine; ``changes``, ``verdicts``, ``stores`` and ``matrix`` read what it says; ``failures`` says
what of it fails the review; ``markdown`` and ``sarif`` write it down. Neither stack nor checkout is changed.
"""
