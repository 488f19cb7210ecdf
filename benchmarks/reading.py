"""Who asks a system in a probe, and how its answers are read and compared."""

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Protocol
from urllib.parse import urljoin

import requests

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
#: What each framework answers to a body that isn't right: the platform and FastAPI 422, Django REST framework 400.
INVALID = {400: 422}


class World(Protocol):
    """Ids as text; people by username, all with one password."""

    password: str
    teacher: str  # owns the course
    student: str  # takes it, and wrote the submission
    other_student: str  # takes it, and hands in here
    stranger: str  # a student who doesn't take it
    course_id: str
    lesson_id: str
    assignment_id: str  # with more than a page of submissions
    submission_id: str
    open_assignment_id: str  # of the same lesson, takes any number of attempts
    locked_assignment_id: str  # of the same lesson, takes none any more
    other_lesson_id: str  # of another course
    draft_course_id: str  # of another teacher
    gradebook_course_id: str
    gradebook_teacher: str
    crowd_course_id: str
    crowd_lesson_id: str  # its publication is told to all who take the course
    crowd_teacher: str
    crowd_student: str
    crowd_leaver: str  # took the course once


class Person:
    """Someone who asks a system."""

    def __init__(self, url: str, token: str = "") -> None:
        self.url, self.token, self.session = url, token, requests.Session()
        if token:
            self.session.headers["Authorization"] = f"Bearer {token}"

    def ask(self, method: str, path: str, **kw: Any) -> requests.Response:
        return self.session.request(method, urljoin(self.url, path), timeout=60, **kw)

    def sign_in(self, username: str, password: str) -> requests.Response:
        return self.ask("POST", "/api/auth/login/", json={"username": username, "password": password})


class Cast:
    """The people of a world, signed in when first named."""

    def __init__(self, url: str, world: World) -> None:
        self.url, self.world = url, world
        self.known = {"": Person(url)}

    def __getitem__(self, role: str) -> Person:
        if role == "impostor":  # the student's token, with a word more and the signature left as it was
            header, payload, signature = self["student"].token.split(".")
            claims = json.loads(urlsafe_b64decode(payload + "=="))
            said = urlsafe_b64encode(json.dumps({**claims, "more": True}).encode()).decode().rstrip("=")
            return Person(self.url, f"{header}.{said}.{signature}")
        if role not in self.known:
            answer = self.known[""].sign_in(getattr(self.world, role), self.world.password)
            answer.raise_for_status()
            self.known[role] = Person(self.url, answer.json()["access_token"])
        return self.known[role]


def in_one_spelling(value: Any) -> Any:
    """Moments in UTC, whichever way they are written."""
    if isinstance(value, dict):
        return {key: in_one_spelling(each) for key, each in value.items()}
    if isinstance(value, list):
        return [in_one_spelling(each) for each in value]
    if isinstance(value, str) and MOMENT.fullmatch(value):
        return datetime.fromisoformat(value).astimezone(UTC).isoformat()
    return value


def read(answer: requests.Response) -> tuple[int, Any]:
    is_told = answer.ok and answer.status_code != 304
    return INVALID.get(answer.status_code, answer.status_code), in_one_spelling(answer.json()) if is_told else None


def read_pages(person: Person, path: str) -> tuple[int, Any]:
    """All pages of a list; their links are followed, and not compared. A previous page has to be the one before."""
    pages: list[Any] = []
    while path:
        status, page = read(person.ask("GET", path))
        if page is None:
            return status, None
        path, before = page.pop("next"), page.pop("previous")
        if before and pages:
            assert read(person.ask("GET", before))[1]["results"] == pages[-1]["results"], "previous is another page"
        assert bool(before) == bool(pages), "previous is there, or isn't, on the wrong page"
        pages.append(page)
        assert len(pages) < 100, "pages without end"
    ids = [row.get("id", row.get("enrollment_id")) for page in pages for row in page["results"]]
    assert len(set(ids)) == len(ids), "a row is on two pages"
    assert all(one["results"] and two["results"] for one, two in pairwise(pages)), "an empty page"
    return 200, pages


def differences(found: Any, expected: Any, where: str = "") -> Iterator[str]:
    """Where two bodies differ."""
    if isinstance(found, dict) and isinstance(expected, dict):
        for key in found.keys() | expected.keys():
            if key in found and key in expected:
                yield from differences(found[key], expected[key], f"{where}.{key}")
            else:
                yield f"{where}.{key} is {'missing' if key in expected else 'unknown'}"
    elif isinstance(found, list) and isinstance(expected, list) and len(found) == len(expected):
        for number, (one, other) in enumerate(zip(found, expected, strict=True)):
            yield from differences(one, other, f"{where}[{number}]")
    elif found != expected:
        yield f"{where or 'body'} is {str(found)[:80]}, not {str(expected)[:80]}"
