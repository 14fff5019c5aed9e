"""The one error of this package."""


class ArtifactError(Exception):
    """An artifact can't be found, built or published; the message is one line that says what to do."""
