"""``python -m tests.contracts.permissions_page`` writes ``docs/permissions.md`` from the permission matrix."""

import re
from pathlib import Path

from tests.contracts.matrix import HOST, OUTSIDE, SECTIONS, STATES, Row, Section, expected

PAGE = Path(__file__).resolve().parents[2] / "docs/permissions.md"
COLUMNS = "ASELWTOCRD"

INTRODUCTION = """\
# Who may what

Every address and method, and what each kind of person gets there. Made from the permission matrix in
`tests/contracts/matrix/`, which is written by hand: `python -m tests.contracts.permissions_page` writes this page,
`tests/contracts/test_permissions.py` requests every cell, `python -m tests.contracts.permission_figures` counts them.

## How to read it

| | who |
|---|---|
| **A** | anonymous: no token |
| **S** | a student who is not in this course |
| **E** | a student who is enrolled in it |
| **L** | a student who dropped it |
| **W** | a student whom its staff removed |
| **T** | a teacher of another course |
| **O** | its owner |
| **C** | a co-teacher |
| **R** | a co-teacher who was removed |
| **D** | an administrator |

✔ is let in. A number is the status of the refusal:

| | means |
|---|---|
| 401 | sign in first |
| 403 | you see it, but you may not; `rule`, `missing` and `remedy` say why ([Why not?](clients.md#why-not)) |
| 404 | for you it does not exist: it is hidden, deleted, or beneath another parent |
| 409 | you may, but not in the state that it is in; `code` says which |
| 400, 422 | you may, but what was sent here is not right |

**Scope** is what the token of a program needs besides: an application's (OAuth) or a personal one. It never allows more
than its user may. Without it: 403 `insufficient_scope`, and `WWW-Authenticate` names the scope. *Open* asks for no
token at all. *Signed in* is for people: no token of a program opens it, whatever its scopes.

## What holds everywhere

- **Rights end at once.** With a token of before, whoever dropped or was removed gets what L, W and R get, at the very
  next request. A deactivated account, also an administrator's, gets 401 wherever a token is asked for; so does whoever
  signed out or changed the password.
- **Whatever is named must be there.** A lesson addressed beneath another course, an assignment beneath another lesson,
  a comment beneath another submission, and all beneath them: 404 for everybody, for every method. So is what was
  deleted. Only the anonymous get 401 instead, unless such things are public (courses, lessons, reviews).
- **A draft**, and all beneath it, is 404 to everybody but its staff and administrators.
- **An archived course** is 404 to whoever never was in it. Those who were, and its staff, read what they could read. To
  enrol, complete, submit, comment or review is 409. Leaving, deleting a comment or a review, grading and editing stay.
- **HEAD** answers as GET. A method that an address does not have is 405 for everybody.
- **Refused means untouched.** No refusal changes a row.
"""

#: What a placeholder of the matrix is called in an address, and what it says of whose it is or in which state.
KINDS = {
    "draft": ("course", "a draft"),
    "archived": ("course", "archived"),
    "elsewhere": ("course", "T's course"),
    "third": ("course", "where all but A were students"),
    "empty": ("course", ""),
    "second": ("lesson", ""),
    "hidden": ("lesson", "an unpublished lesson"),
    "spare": ("assignment", ""),
    "unseen": ("assignment", "unpublished"),
    "self": ("user", "one's own"),
    "docs_asset": ("name", ""),
    "no_asset": ("name", ""),
    "problem": ("code", ""),
    "certificate_code": ("code", ""),
    "status_list": ("number", ""),
    "oauth_client": ("client", ""),
}
WHOSE = {"X": "another's", "E": "E's", "L": "L's", "W": "W's", "C": ""}


def named(placeholder: str) -> tuple[str, str]:
    """The kind, and whose or which."""
    if placeholder in KINDS:
        return KINDS[placeholder]
    if placeholder.startswith("own_"):
        return placeholder.removeprefix("own_"), "one's own"
    name = re.sub(r"_(draft|archived|third)$", "", placeholder)
    found = re.fullmatch(r"(\w+)_([XELWC])", name)
    kind, letter = (found[1], found[2]) if found else (name, "")
    return kind.partition("_")[0], WHOSE.get(letter, "")


def address(row: Row) -> str:
    path = row.path.partition("?")[0]
    shown = re.sub(r"\{(\w+)\}", lambda found: "{" + named(found[1])[0] + "}", path)
    return shown.removeprefix(HOST) if shown.startswith(HOST) else f"/api{shown}"


def condition(row: Row) -> str:
    told = [named(name)[1] for name in re.findall(r"\{(\w+)\}", row.path.partition("?")[0])]
    return ", ".join(dict.fromkeys(filter(None, [*told, row.note])))


def scopes(row: Row) -> str:
    words = {"open": "*open*", "first party": "*signed in*"}
    return words.get(str(row.scopes)) or " or ".join(f"`{name}`" for name in str(row.scopes).split())


def line(row: Row) -> str:
    cells = ["✔" if (status := expected(row, letter)) < 400 else str(status) for letter in COLUMNS]
    return "| " + " | ".join([row.method, f"`{address(row)}`", condition(row), *cells, scopes(row)]) + " |"


def table(section: Section) -> str:
    head = "| | address | which | " + " | ".join(COLUMNS) + " | scope |\n|---|---|---|" + "---|" * (len(COLUMNS) + 1)
    return "\n".join([f"\n## {section.title}\n", section.text, "", head, *map(line, section.rows), ""])


def page() -> str:
    others = Section("In other states", "And what those have who left: what they handed in.", STATES)
    first, *rest = SECTIONS
    first = first._replace(rows=[*first.rows, *OUTSIDE])
    return INTRODUCTION + "".join(map(table, [first, *rest, others]))


if __name__ == "__main__":
    PAGE.write_text(page())
