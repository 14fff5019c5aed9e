"""Tiny valid PDFs to upload: one with text, one with nothing but pictures, and bytes that only look like a PDF.

Format: ISO 32000-1, "Syntax"; the same arguments give the same bytes.
"""

from __future__ import annotations

import textwrap

PAGE_WIDTH = 595
PAGE_HEIGHT = 842
_FONT_POINTS = 11
_LEADING = 14
_MARGIN = 56
_LINE_CHARACTERS = 90
_LINES = (PAGE_HEIGHT - 2 * _MARGIN) // _LEADING

_GREY_PIXELS = bytes(range(0, 256, 16))
_PICTURE_SIDE = 4

TEXT = """\
A rollback brings back the version that ran before. The queue is paused, the trigger goes back to the old function,
and the messages that are left are drained. A snapshot of the database is taken before its schema is reverted.
"""


def text_pdf(*pages: str) -> bytes:
    """Return a PDF with one page per text (TEXT when none is given).

    Raises:
        ValueError: a text has other than Latin-1 characters or more than fits on a page.
    """
    return _document([_text_page(text) for text in pages or (TEXT,)])


def image_pdf(pages: int = 1, caption: str = "") -> bytes:
    """Return a PDF whose pages show a picture, with the caption below it where there is one."""
    picture = f"q {PAGE_WIDTH - 2 * _MARGIN} 0 0 400 {_MARGIN} 300 cm /Picture Do Q".encode()
    content = picture + (b"\n" + _text_page(caption) if caption else b"")
    return _document([content] * pages)


def malformed_pdf() -> bytes:
    """Return bytes that start like a PDF and then break off."""
    return b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R"


def _text_page(text: str) -> bytes:
    lines = [line for part in text.splitlines() for line in textwrap.wrap(part, _LINE_CHARACTERS) or [""]]
    if len(lines) > _LINES:
        raise ValueError(f"a page holds {_LINES} lines: split the text over more pages")
    try:
        encoded = [_literal(line).encode("latin-1") for line in lines]
    except UnicodeEncodeError as error:
        raise ValueError(f"sample documents hold Latin-1 text only: {error}") from error
    start = f"BT /F1 {_FONT_POINTS} Tf {_LEADING} TL {_MARGIN} {PAGE_HEIGHT - _MARGIN} Td".encode()
    return b"\n".join([start, *(b"(" + line + b") Tj T*" for line in encoded), b"ET"])


def _literal(line: str) -> str:
    return line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def _document(contents: list[bytes]) -> bytes:
    first_page = 5
    kids = " ".join(f"{first_page + 2 * index} 0 R" for index in range(len(contents)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(contents)} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        _stream(
            f"/Type /XObject /Subtype /Image /Width {_PICTURE_SIDE} /Height {_PICTURE_SIDE}"
            " /ColorSpace /DeviceGray /BitsPerComponent 8",
            _GREY_PIXELS,
        ),
    ]
    for index, content in enumerate(contents):
        resources = "/Font << /F1 3 0 R >>" + (" /XObject << /Picture 4 0 R >>" if b"/Picture Do" in content else "")
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {PAGE_WIDTH} {PAGE_HEIGHT}]"
            f" /Resources << {resources} >> /Contents {first_page + 2 * index + 1} 0 R >>".encode()
        )
        objects.append(_stream("", content))
    return _file(objects)


def _stream(entries: str, content: bytes) -> bytes:
    return f"<< {entries} /Length {len(content)} >>\nstream\n".encode() + content + b"\nendstream"


def _file(objects: list[bytes]) -> bytes:
    output = bytearray(b"%PDF-1.4\n")
    offsets = []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(output))
        output += f"{number} 0 obj\n".encode() + content + b"\nendobj\n"
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    start = len(output)
    output += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}".encode()
    output += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(output)
