"""The same address in another place: in a course of another state, under a foreign parent, of a row that is deleted.

Rules by hand; a line of the table with the same method and address goes before them.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from .language import OPEN, REFUSALS, USERS, Row, expected
from .words import ASSIGNMENT, COURSE, LESSON, OWN_SUBMISSION

#: What the world has once in each of its courses: ``{lesson}`` in the published, ``{lesson_draft}`` in the draft.
OF_COURSE = re.compile(
    r"\{(lesson|second|hidden|assignment|assignment_under_hidden|spare|unseen"
    r"|(?:enrollment|submission|comment_lesson|comment_assignment|comment_submission|review)_[A-Z])\}"
)
PLACEHOLDER = re.compile(r"\{\w+\}")
#: Another one of the same course: what is beneath the first is not beneath it.
SIBLINGS = {"{lesson}": "{second}", "{assignment}": "{spare}"}
#: What the anonymous may see, when it is there: to them a missing one is 404, anything else 401.
PUBLIC = ("course", "archived", "lesson", "second", "hidden", "review")
TAKING_PART = ("enrollments:write", "submissions:write", "comments:write", "reviews:write")
NOT_ITEMS = ("{provider}", "{docs_asset}", "{no_asset}", "{problem}", "{status_list}", "{certificate_code}")
#: Rows of one place addressed in another of the same course, beside what ``lost_paths`` makes up.
FOREIGN = [
    COURSE + "teachers/{user_T}/",
    COURSE + "teachers/{user_R}/",
    OWN_SUBMISSION + "comments/{comment_submission_X}/",
    OWN_SUBMISSION + "comments/{comment_lesson_E}/",
    ASSIGNMENT + "comments/{comment_lesson_E}/",
    LESSON + "comments/{comment_assignment_E}/",
]


def shape(path: str) -> str:
    """An address without its ids and its query."""
    return re.sub(r"\{[^/]*\}", "{}", path.partition("?")[0])


def elsewhere(row: Row, letter: str) -> int:
    """T's course, where E is enrolled too: there they own it, and O and C are teachers from elsewhere."""
    return expected(row, {"T": "O", "O": "T", "C": "T"}.get(letter, letter))


def draft(row: Row, letter: str) -> int:
    """Its staff and administrators see it; to everybody else it doesn't exist."""
    return expected(row, letter) if letter in "OCD" else 404


def archived(row: Row, letter: str) -> int:
    """Whoever was in it still sees it; to everybody else it doesn't exist. Taking part is over: 409."""
    status = 404 if letter in "ASTR" else expected(row, letter)
    return 409 if is_over(row) and status not in REFUSALS else status


def is_over(row: Row) -> bool:
    """Whether nobody does this in an archived course: enrol, complete, submit, comment, review. Taking back remains."""
    is_taking_back = row.method == "DELETE" and not row.path.endswith(("/completion/", "/submissions/{submission_E}/"))
    return row.scopes in TAKING_PART and not is_taking_back


PLACES: dict[str, Callable[[Row, str], int]] = {"elsewhere": elsewhere, "draft": draft, "archived": archived}


def moved(value: Any, place: str) -> Any:
    """A path, or a body, about another course."""
    if isinstance(value, dict):
        return {name: moved(one, place) for name, one in value.items()}
    if isinstance(value, list):
        return [moved(one, place) for one in value]
    if isinstance(value, str):
        return OF_COURSE.sub(rf"{{\1_{place}}}", value.replace("{course}", f"{{{place}}}"))
    return value


def can_move(path: str) -> bool:
    """Whether all that it names is in every course."""
    others = OF_COURSE.sub("", path.replace("{course}", ""))
    return path.startswith("/courses/{course}/") and not PLACEHOLDER.search(others)


def in_places(row: Row) -> Iterator[Row]:
    """The line in each other course, by the rules."""
    if not can_move(row.path):
        return
    for place, rule in PLACES.items():
        if place == "archived" and row.scopes is None:
            continue  # whether what third parties write there is over, is theirs to say
        statuses = {letter: rule(row, letter) for letter in USERS if letter != "Z"}
        yield row._replace(
            path=moved(row.path, place), body=moved(row.body, place), statuses=(), also=tuple(statuses.items())
        )


def nowhere(row: Row, foreign: Iterable[str]) -> Iterator[Row]:
    """The line with paths that lead to nothing: 404 for all, but 401 for the anonymous unless such rows are public."""
    asked, mark, query = row.path.partition("?")
    others = ((path, PLACEHOLDER.findall(path)[-1]) for path in foreign)
    for path, missing in (*lost_paths(asked), *others):
        is_public = row.scopes == OPEN or missing.strip("{}").partition("_")[0] in PUBLIC
        statuses = dict.fromkeys(USERS, 404)
        statuses |= {"A": 404 if is_public else 401, "Z": 404 if row.scopes == OPEN else 401}
        yield row._replace(path=path + mark + query, statuses=(), also=tuple(statuses.items()))


def lost_paths(path: str) -> Iterator[tuple[str, str]]:
    """Each path, and the placeholder of the row that is not there."""
    names = PLACEHOLDER.findall(path)
    if not names or names[-1] in NOT_ITEMS:
        return
    if names[0] != "{course}":
        yield written(path, [*names[:-1], "{gone}"]), names[-1]
        return
    yield moved(path, "deleted"), "{course}"
    if len(names) == 1:
        return
    yield written(path, ["{elsewhere}", *names[1:]]), names[1]
    if not can_move(path):
        return
    last = len(names) - 1
    for depth, name in enumerate(names):
        before, after = names[:depth], names[depth + 1 :]
        if depth:
            yield written(path, [*before, moved(name, "deleted"), *after]), name
            yield written(path, [*before, moved(name, "elsewhere"), *after]), name
        if 0 < depth < last:
            yield written(path, [*before, *(moved(one, "elsewhere") for one in names[depth:])]), name
        if name in SIBLINGS and depth < last:
            yield written(path, [*before, SIBLINGS[name], *after]), names[depth + 1]


def written(path: str, names: list[str]) -> str:
    """The path with other placeholders."""
    left = iter(names)
    return PLACEHOLDER.sub(lambda _: next(left), path)
