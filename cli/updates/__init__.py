"""One update from beginning to end: pins, what is looked at first, the engine's events, Ctrl-C, advice."""
