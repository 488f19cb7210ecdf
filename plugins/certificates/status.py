"""Which credentials are no longer valid, as one bit each: lists for others to keep (W3C Bitstring Status List 1.0).

A certificate's ``status_number`` is its place, given once and to none other: it tells the list and, scattered so that
neighbours there are strangers, the bit. What is withdrawn or deleted leaves its place behind, not valid for ever, for
somebody may hold the file; issued anew it takes a new place.
"""

import gzip
import io
import zlib
from collections.abc import Iterable

from sqlalchemy import func, insert, select, union_all

from courseplatform.api import NotFound, Request
from plugins.accounts.api import Unverifiable, multibase

from .models import STATUS_NUMBERS, Certificate, RetiredPlace

#: Of a list, as bits: as few as the standard allows, for a reader of the list must not learn who is asked for.
PLACES = 131_072
PLACE_BITS = 17


def place_of(status_number: int) -> tuple[int, int]:
    """The list and the bit of a number."""
    list_number, position = divmod(status_number, PLACES)
    return list_number, scattered(position)


def scattered(position: int) -> int:
    """Another place of the same list for each position: every step can be undone, so no two meet."""
    for multiplier in (0x9E35, 0x1B87):
        position = (position * multiplier + 0x5A5A) % PLACES
        position ^= position >> (PLACE_BITS // 2)
    return position


def read_invalid(request: Request, list_number: int) -> list[int]:
    """The bits of a list that are set, in a statement that costs what they cost. Raises: NotFound: no such list yet."""
    first = list_number * PLACES
    newest = func.greatest(
        select(func.max(Certificate.status_number)).scalar_subquery(),
        select(func.max(RetiredPlace.status_number)).scalar_subquery(),
    )
    revoked = select(Certificate.status_number).where(
        Certificate.status_number.between(first, first + PLACES - 1), Certificate.status == "revoked"
    )
    retired = select(RetiredPlace.status_number).where(RetiredPlace.status_number.between(first, first + PLACES - 1))
    invalid = func.array(union_all(revoked, retired).scalar_subquery())
    found = request.db.execute(select(newest.label("newest"), invalid.label("numbers"))).one()
    if found.newest is None or found.newest < first:
        raise NotFound()
    return [place_of(number)[1] for number in found.numbers]


def retire_place(request: Request, certificate: Certificate) -> None:
    """Whoever holds the credential of today holds one that is not valid any more; the next one has another place."""
    request.db.execute(insert(RetiredPlace).values(status_number=certificate.status_number))
    certificate.status_number = func.nextval(STATUS_NUMBERS)


def encode(bits: Iterable[int]) -> str:
    """``encodedList``: the leftmost bit is place 0. The same bits give the same text."""
    packed = bytearray(PLACES // 8)
    for bit in bits:
        packed[bit // 8] |= 0x80 >> bit % 8
    return multibase.to_base64url(gzip.compress(bytes(packed), compresslevel=6, mtime=0))


def is_set(encoded: object, bit: int) -> bool:
    """Whether a place of an ``encodedList`` is set. Raises: Unverifiable for a list that is none of ours."""
    try:
        compressed = multibase.from_base64url(encoded) if isinstance(encoded, str) else b""
        # A byte more than it should have, and never an endless one that a small file may claim to be.
        packed = gzip.GzipFile(fileobj=io.BytesIO(compressed)).read(PLACES // 8 + 1)
    except (ValueError, OSError, EOFError, zlib.error) as error:
        raise Unverifiable("the status list can't be read") from error
    if len(packed) != PLACES // 8 or not 0 <= bit < PLACES:
        raise Unverifiable("the status list has no such place")
    return bool(packed[bit // 8] & 0x80 >> bit % 8)
