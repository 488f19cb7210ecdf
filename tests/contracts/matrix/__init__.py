"""The permission matrix of ``design/domain.md`` §5, written by hand: never derived from the code that it checks.

``language.py`` says how to read a line. ``SECTIONS`` has them by resource, ``MATRIX`` in one list with those of
third-party plugins; what only ``test_permissions.py`` acts out is in ``MORE``. ``docs/permissions.md`` is made from it.
"""

from tests.contracts.contributions import contributed

from .accounts import ACCOUNTS, HOST, OUTSIDE
from .courses import COURSES
from .language import ACTORS, FIRST_PARTY, OPEN, READING, REFUSALS, TOKENS, USERS, Row, Section, expected, opens, r
from .news import NEWS
from .places import FOREIGN, in_places, nowhere, shape
from .states import STATES
from .words import ASSIGNMENT, COMMENT, LESSON, OTHER_SUBMISSION, OWN_SUBMISSION, PROTOCOL, UPLOAD
from .work import WORK

__all__ = [
    "ACTORS",
    "ASSIGNMENT",
    "BUILT_IN",
    "COMMENT",
    "FIRST_PARTY",
    "HOST",
    "LESSON",
    "LOST",
    "MATRIX",
    "MORE",
    "OPEN",
    "OTHER_SUBMISSION",
    "OUTSIDE",
    "OWN_SUBMISSION",
    "PROTOCOL",
    "READING",
    "REFUSALS",
    "SECTIONS",
    "TOKENS",
    "UPLOAD",
    "USERS",
    "Row",
    "expected",
    "opens",
    "others_of",
    "r",
    "shape",
]  # fmt: skip

SECTIONS: list[Section] = [*ACCOUNTS, *COURSES, *WORK, *NEWS]
#: Without the rows of third-party plugins.
BUILT_IN = tuple(row for section in SECTIONS for row in section.rows)
THIRD_PARTY = tuple(r(*row) for row in contributed("MATRIX"))
MATRIX = [*BUILT_IN, *THIRD_PARTY]
MORE = [*OUTSIDE, *STATES]

WRITTEN = {(row.method, row.path) for row in (*MATRIX, *MORE)}


def others_of(row: Row) -> list[Row]:
    """The same line in courses of other states, but for what the table says itself.

    A third party's body names what is in its own course: it states its lines in others itself.
    """
    if row in THIRD_PARTY:
        return []
    return [other for other in in_places(row) if (other.method, other.path) not in WRITTEN]


#: Method and address without its ids → lines whose path leads to nothing.
LOST: dict[str, list[Row]] = {}
for row in sorted(MATRIX, key=lambda row: "{course}" not in row.path):
    key = f"{row.method} {shape(row.path)}"
    if key not in LOST:
        foreign = [path for path in (*FOREIGN, *contributed("MISMATCHED")) if shape(path) == shape(row.path)]
        LOST[key] = list({lost.path: lost for lost in nowhere(row, foreign)}.values())
