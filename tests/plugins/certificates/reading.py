"""Reading a PDF as a screen reader does: what each glyph means, unless marked content says it better."""

import re
import unicodedata
from io import BytesIO
from typing import Any

import pypdfium2
import zxingcpp
from pypdf import PageObject, PdfReader
from pypdf.generic import ContentStream

DRAWS_PER_INCH = 150

MARKS = "".join(chr(code) for code in range(0x300, 0x1000) if unicodedata.combining(chr(code)))


def page_of(pdf: bytes) -> PageObject:
    (page,) = PdfReader(BytesIO(pdf)).pages
    return page


def meanings(font: Any) -> dict[int, str]:
    """Code of a glyph → text, from the font's ToUnicode map."""
    found: dict[int, str] = {}
    table = font["/ToUnicode"].get_data().decode("latin-1")
    for block in re.findall(r"beginbfchar(.*?)endbfchar", table, re.S):
        for code, text in re.findall(r"<(\w+)>\s*<(\w*)>", block):
            found[int(code, 16)] = bytes.fromhex(text).decode("utf-16-be")
    for block in re.findall(r"beginbfrange(.*?)endbfrange", table, re.S):
        for first, last, text in re.findall(r"<(\w+)>\s*<(\w+)>\s*<(\w+)>", block):
            start = bytes.fromhex(text).decode("utf-16-be")
            for step in range(int(last, 16) - int(first, 16) + 1):
                found[int(first, 16) + step] = start[:-1] + chr(ord(start[-1]) + step)
    return found


def codes_in(operands: Any) -> list[int]:
    """Glyphs shown by Tj or TJ: two bytes each."""
    parts = operands[0] if isinstance(operands[0], list) else [operands[0]]
    shown = b"".join(part.original_bytes for part in parts if hasattr(part, "original_bytes"))
    return [int.from_bytes(shown[i : i + 2], "big") for i in range(0, len(shown), 2)]


def read(pdf: bytes) -> tuple[str, int]:
    """(What the page says, how many characters no font had)."""
    page = page_of(pdf)
    fonts = {name: meanings(font) for name, font in page["/Resources"]["/Font"].items()}
    said, missing, spans, font = [], 0, [], {}
    for operands, operator in ContentStream(page.get_contents(), page.pdf).operations:
        if operator in (b"BDC", b"BMC"):
            properties = operands[1] if len(operands) > 1 and isinstance(operands[1], dict) else {}
            spans.append((operands[0], properties.get("/ActualText"), len(said)))
        elif operator == b"EMC":
            tag, actual, start = spans.pop()
            if tag == "/ReversedChars":
                said[start:] = reversed(said[start:])
            if actual is not None:
                said[start:] = [str(actual)]
        elif operator == b"Tf":
            font = fonts[operands[0]]
        elif operator in (b"Tj", b"TJ"):
            codes = codes_in(operands)
            missing += codes.count(0)
            said += [font.get(code, "\N{REPLACEMENT CHARACTER}") for code in codes]
    return "".join(said), missing


def is_said(text: str, said: str) -> bool:
    """Whether all words stand there, from the left or from the right. Marks set apart may be said once more."""
    return all(any(re.search(order, said) for order in orders(word)) for word in text.split())


def orders(word: str) -> list[str]:
    letters = re.findall(f".[{MARKS}]*", word)
    return [".{0,9}?".join(map(re.escape, way)) for way in (letters, letters[::-1])]


def scan(pdf: bytes) -> list[str]:
    """What the bar codes say that a scanner sees on the drawn page."""
    bitmap = pypdfium2.PdfDocument(pdf)[0].render(scale=DRAWS_PER_INCH / 72, grayscale=True)
    pixels = memoryview(bytes(bitmap.buffer)).cast("B", shape=[bitmap.height, bitmap.stride])
    return [found.text for found in zxingcpp.read_barcodes(pixels)]
