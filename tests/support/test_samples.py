import io

import pytest
from pypdf import PdfReader

from tests.support import samples


def test_a_text_document_reads_back_as_its_pages() -> None:
    reader = PdfReader(
        io.BytesIO(samples.text_pdf("First page (with brackets) and a \\.", "Zweite Seite, größer.")), strict=True
    )
    assert [page.extract_text().strip() for page in reader.pages] == [
        "First page (with brackets) and a \\.",
        "Zweite Seite, größer.",
    ]


def test_an_image_document_has_pictures_and_no_text() -> None:
    reader = PdfReader(io.BytesIO(samples.image_pdf(pages=2)), strict=True)
    assert [page.extract_text() for page in reader.pages] == ["", ""]
    assert [len(page.images.keys()) for page in reader.pages] == [1, 1]


def test_a_caption_is_text_on_the_image_page() -> None:
    page = PdfReader(io.BytesIO(samples.image_pdf(caption="Figure 1")), strict=True).pages[0]
    assert page.extract_text().strip() == "Figure 1"
    assert len(page.images.keys()) == 1


def test_the_same_document_has_the_same_bytes() -> None:
    assert samples.text_pdf("a") == samples.text_pdf("a") != samples.text_pdf("b")


@pytest.mark.parametrize(("text", "reason"), [("日本語", "Latin-1"), ("line\n" * 100, "split the text")])
def test_what_does_not_fit_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        samples.text_pdf(text)
