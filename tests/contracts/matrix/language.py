"""The language of the permission matrix (``design/domain.md`` §5). All of it is written by hand; none asks the code.

A line is method, address, the statuses for A S E T O C D, and a JSON body. The placeholders are names of ``world.py``:
``{course}`` published, ``{third}`` where everybody has own rows; ``…_E`` and ``…_X`` belong to the actor E and to
another student; ``{own_…}`` and ``{self}`` differ by actor. ``also`` says what the other actors get where ``LIKE`` and
``expected`` don't. ``places.py`` has rules for the same address in a course of another state, and for what is missing.

A anonymous · S student, not enrolled · E enrolled · T teacher elsewhere · O owner · C co-teacher · D admin
L dropped · W removed by the staff · R removed co-teacher · Z deactivated administrator: each with a token of before
P an application for O, ``courses:read`` · personal tokens: K O's, Q E's, N D's with every scope; F E's, M D's to read
"""

from typing import Any, NamedTuple

ACTORS = "ASETOCD"
USERS = "ASELWTOCRDZ"
TOKENS = {"P": "O", "K": "O", "Q": "E", "F": "E", "N": "D", "M": "D"}
#: Tokens with every scope but those for writing; ``P`` has one scope.
READING = "FM"
#: Whose rights are those of somebody else, unless a line says otherwise.
LIKE = {"L": "S", "W": "S", "R": "T"}

#: Scopes of an address that asks nobody who they are: a token is not even looked at.
OPEN = "open"
#: Of one that no token of a program opens, whatever its scopes.
FIRST_PARTY = "first party"

REFUSALS = (401, 403, 404)


class Row(NamedTuple):
    """``budget``: SQL statements, for an address that has a reason to need more than others of its kind.

    ``scopes``: of which a program's token needs one; None, in lines of third parties: not said.
    """

    method: str
    path: str
    statuses: tuple[int, ...]
    body: Any = None
    budget: int | None = None
    scopes: str | None = None
    also: tuple[tuple[str, int], ...] = ()
    note: str = ""

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class Section(NamedTuple):
    title: str
    text: str
    rows: list[Row]


def r(
    method: str,
    path: str,
    statuses: str,
    body: Any = None,
    budget: int | None = None,
    scopes: str | None = None,
    *,
    also: str = "",
    note: str = "",
) -> Row:
    """``also``: ``"L200 W409"``. ``note``: what the address doesn't tell of this line, for ``docs/permissions.md``."""
    others = tuple((word[0], int(word[1:])) for word in also.split())
    return Row(method, path, tuple(map(int, statuses.split())), body, budget, scopes, others, note)


def section(title: str, text: str, reading: str, writing: str, *rows: Row) -> Section:
    """``reading``, ``writing``: the scopes of its lines with GET, and of the others, if they don't say them."""
    return Section(
        title,
        text,
        [row._replace(scopes=row.scopes or (reading if row.method == "GET" else writing)) for row in rows],
    )


def expected(row: Row, letter: str) -> int:
    """The status that the table means."""
    others = dict(row.also)
    if letter in others:
        return others[letter]
    if letter in ACTORS:
        return row.statuses[ACTORS.index(letter)]
    if letter == "Z":
        return row.statuses[0] if row.scopes == OPEN else 401
    if letter in LIKE:
        return expected(row, LIKE[letter])
    status = expected(row, TOKENS[letter])
    return status if status in REFUSALS or opens(row, letter) else 403


def opens(row: Row, letter: str) -> bool:
    """Whether a token has a scope that this line asks for."""
    if row.scopes == OPEN:
        return True
    if row.scopes in (FIRST_PARTY, None):
        return False
    scopes = str(row.scopes).split()
    if letter == "P":
        return "courses:read" in scopes
    return letter not in READING or any(not name.endswith(":write") for name in scopes)
