"""A certificate set in type: texts in, a PDF out. ``certificate.typ`` is the design.

The PDF is archival and accessible (PDF/A-2a, PDF/UA-1), and the same bytes for the same texts.
"""

import json
import logging
import re
import unicodedata
from datetime import UTC, datetime
from functools import lru_cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

import segno
import typst
from pyramid.settings import aslist

from courseplatform.api import digest

from .models import Snapshot

log = logging.getLogger(__name__)

DESIGN = Path(__file__).with_name("certificate.typ")
STANDARDS = ["a-2a", "ua-1"]
FONT_PACKAGES = ("fontpkg_amiri", "manimgx_fonts", "manimgx_fonts_cjk")
TEXTS = ("student", "course", "teacher")
DEFAULT_URL = "{base_url}/api/certificates/{code}/"

#: language → what every certificate says
PHRASES = {
    "en": {
        "title": "Certificate",
        "before_student": "This certifies that",
        "before_course": "has successfully completed the course",
        "teacher_label": "Teacher",
        "date_label": "Date of issue",
        "address_label": "Verify at",
        "qr_alt": "QR code of the address at which this certificate is verified",
    },
    "ru": {
        "title": "Сертификат",
        "before_student": "Настоящий сертификат выдан",
        "before_course": "в подтверждение успешного завершения курса",
        "teacher_label": "Преподаватель",
        "date_label": "Дата выдачи",
        "address_label": "Проверить подлинность:",
        "qr_alt": "QR-код адреса, по которому проверяется подлинность сертификата",
    },
}
DATES = {"en": "{day} {month} {year}", "ru": "{day} {month} {year} г."}
MONTHS = {
    "en": (
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
    "ru": (
        "января", "февраля", "марта", "апреля", "мая", "июня",
        "июля", "августа", "сентября", "октября", "ноября", "декабря",
    ),
}  # fmt: skip

#: Categories of characters that are controls, formats, surrogates or private. Some of them crash Typst.
INVISIBLE = ("Cc", "Cf", "Cs", "Co")
JOINERS = "\u200c\u200d"

#: Chinese, Japanese and Korean share characters that each writes differently: whose these are, by what only they need.
REGIONS = {"JP": "[\u3040-\u30ff]", "KR": "[\uac00-\ud7a3]"}
CODECS = {"SC": "gb2312", "TC": "big5"}


def verification_url(raw: str) -> str:
    """An address with ``{code}`` in it, perhaps ``{base_url}``. Raises: ValueError."""
    try:
        address = raw.format(base_url="https://a.example", code="C0DE")
    except (KeyError, IndexError) as error:
        raise ValueError from error
    if "C0DE" not in address or not address.startswith(("https://", "http://")):
        raise ValueError
    return raw


def font_folders(raw: str) -> tuple[str, ...]:
    """Folders that are there, a line or a word each. Raises: ValueError."""
    paths = tuple(aslist(raw))
    if not all(Path(path).is_dir() for path in paths):
        raise ValueError
    return paths


def wording(says: Snapshot, *, code: str, address: str, issued_at: datetime) -> dict[str, str]:
    """Everything that stands on a certificate, in its language; ``issued_at`` is its date, and that of the file."""
    language = says.locale if says.locale in PHRASES else "en"
    texts = (says.student_name, says.course_title, says.teacher_name)
    return {
        **PHRASES[language],
        **{name: visible(text) for name, text in zip(TEXTS, texts, strict=True)},
        "language": language,
        "date": date_in(language, issued_at),
        "issued_at": issued_at.astimezone(UTC).isoformat(timespec="seconds"),
        "code": code,
        "address": address,
    }


def visible(text: str) -> str:
    """In one line, without characters that only steer, but for the joiners that some scripts need."""
    kept = (c for c in text if c in JOINERS or c.isspace() or unicodedata.category(c) not in INVISIBLE)
    return " ".join("".join(kept).split())


def date_in(language: str, moment: datetime) -> str:
    """The day in UTC, as public verification says it: ``5 May 2026``."""
    day = moment.astimezone(UTC)
    return DATES[language].format(day=day.day, month=MONTHS[language][day.month - 1], year=day.year)


def fingerprint(words: dict[str, str], font_paths: tuple[str, ...]) -> str:
    """A hash of all that the PDF depends on: while it is the same, so is the PDF."""
    return digest([words, own_families(font_paths), design()])


def print_pdf(words: dict[str, str], font_paths: tuple[str, ...]) -> bytes:
    """The PDF of ``wording()``: some 40 ms, and the first one of a process 100.

    Characters that no font has are boxes, and so are those that Typst crashes on. That is logged, and then the PDF
    conforms to no standard.
    """
    for standards in (STANDARDS, []):
        try:
            return set_in_type(words, font_paths, standards)
        except (typst.TypstError, CrashedError) as error:
            log.warning("a certificate has boxes, see Certificates in docs/operations.md: %s", ascii(str(error)[:200]))
    return set_in_type({**words, **{name: boxed(words[name]) for name in TEXTS}}, font_paths, [])


def boxed(text: str) -> str:
    """Only Latin, Greek and Cyrillic as they are: nobody has seen those crash."""
    return "".join(c if c < "\u0530" else "□" for c in text)


class CrashedError(Exception):
    """Typst panicked."""


def set_in_type(words: dict[str, str], font_paths: tuple[str, ...], standards: list[str]) -> bytes:
    """Raises: typst.TypstError, CrashedError."""
    code = segno.make(words["address"], error="m", micro=False)
    says = {
        "says": json.dumps(words),
        "qr": code.svg_inline(border=0, dark="#1c2b4a"),
        "fonts": json.dumps(families(" ".join(words[name] for name in TEXTS), font_paths)),
    }
    try:
        return typst.compile(
            str(DESIGN),
            format="pdf",
            font_paths=fonts(font_paths),
            pdf_standards=standards,
            timestamp=datetime.fromisoformat(words["issued_at"]),
            sys_inputs=says,
        )
    except BaseException as error:  # a Rust panic is no Exception, and nobody up there would catch it
        if type(error).__name__ == "PanicException":
            raise CrashedError(str(error)) from error
        raise


def families(text: str, font_paths: tuple[str, ...]) -> list[str]:
    """What a text is set in where Libertinus has no letter: the fonts in the folders named, then Amiri, then Noto."""
    noto = [name for name in fonts(()).families() if name.startswith("Noto Sans ") and "CJK" not in name]
    own, region = own_families(font_paths), region_of(text)
    return [*own, "Amiri", "Noto Sans", f"Noto Sans CJK {region}", *sorted(noto), "Noto Emoji"]


def region_of(text: str) -> str:
    for region, letters in REGIONS.items():
        if re.search(letters, text):
            return region
    shared = "".join(re.findall("[\u3400-\u9fff]", text))
    return next((region for region, codec in CODECS.items() if can_encode(shared, codec)), "SC")


def can_encode(text: str, codec: str) -> bool:
    try:
        text.encode(codec)
    except UnicodeEncodeError:
        return False
    return True


@lru_cache
def fonts(font_paths: tuple[str, ...]) -> typst.Fonts:
    """Those of Typst, of the packages and of the folders named; never the machine's own."""
    packaged = [str(files(package)) for package in FONT_PACKAGES]
    return typst.Fonts(include_system_fonts=False, font_paths=[*packaged, *font_paths])


@lru_cache
def own_families(font_paths: tuple[str, ...]) -> list[str]:
    """What is in the folders named."""
    found = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=list(font_paths))
    return sorted(found.families())


@lru_cache
def design() -> str:
    """A hash of how certificates look: another design, or another release of what sets it, prints anew."""
    releases = [version(name) for name in ("typst", "segno", *FONT_PACKAGES)]
    return digest([DESIGN.read_text(), releases])
