"""What is written by the code itself: the pages docs/settings.md and docs/commands.md, and the tables of sentences.

``make reference`` writes them, and a test says when one is out of date. Each module gives its text and writes nothing.
"""
