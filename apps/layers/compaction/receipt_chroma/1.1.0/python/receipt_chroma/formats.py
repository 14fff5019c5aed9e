"""Which data formats this version of the package knows.

1  one collection, `receipts`; a receipt's labels lie in its metadata, as JSON
2  two collections, `receipts` and `words`; each label is a record of its own, which can be searched
"""

from __future__ import annotations

from receipt_chroma import __version__

READS = (1, 2)
WRITES = (1,)


class FormatError(Exception):
    """Data is, or should be, in a format that this version doesn't know."""


def check_reads(data_format: int, what: str) -> None:
    """Raise FormatError where this version can't read the format; `what` names the data."""
    if data_format not in READS:
        raise FormatError(
            f"{what} has data format {data_format}, and receipt_chroma {__version__} reads {_listed(READS)}: let a "
            f"release that reads format {data_format} and writes {_listed(READS)} compact the store once, then go back"
        )


def check_writes(data_format: int) -> None:
    """Raise FormatError where this version can't write the format."""
    if data_format not in WRITES:
        raise FormatError(
            f"receipt_chroma {__version__} writes format {_listed(WRITES)}, not {data_format}: correct DATA_FORMAT or "
            "deploy a package that writes it"
        )


def _listed(formats: tuple[int, ...]) -> str:
    return " or ".join(str(one) for one in formats)
