"""What is asked: E1 to E8 of issue 8, by many callers after many things: nothing is fast for being asked again.

A ``Kind`` says who asks for what in a world; ``prepare`` makes wrk's requests of it for one system, with its tokens.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle
from typing import Any, NamedTuple
from urllib.parse import urljoin, urlsplit

import requests

from .world import Target, World

PAGE = "?limit=20"
POLL = "/api/users/notifications/?is_read=false&limit=20"
LOGIN = "/api/auth/login/"
DEEP_PAGE = 900
#: How many of a kind are compared between the systems.
COMPARED = 5


class Ask(NamedTuple):
    path: str
    username: str | None = None
    body: Any = None


class Callers:
    """The users of a system who are signed in."""

    def __init__(self, url: str, password: str) -> None:
        self.url, self.password, self.tokens = url, password, dict[str, str]()

    def sign_in(self, usernames: Iterable[str]) -> None:
        """Those who aren't yet, several at a time: passwords take long."""
        missing = sorted(set(usernames) - self.tokens.keys())
        with ThreadPoolExecutor(4) as pool:
            self.tokens.update(zip(missing, pool.map(self.token, missing), strict=True))

    def token(self, username: str) -> str:
        answer = requests.post(self.url + LOGIN, json={"username": username, "password": self.password}, timeout=30)
        answer.raise_for_status()
        return str(answer.json()["access_token"])

    def headers(self, ask: Ask) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[ask.username]}"} if ask.username else {}

    def get(self, ask: Ask) -> requests.Response:
        answer = requests.get(urljoin(self.url, ask.path), headers=self.headers(ask), timeout=60)
        answer.raise_for_status()
        return answer


@dataclass(frozen=True)
class Kind:
    title: str
    asks: Callable[[World], Iterator[Ask]]
    status: int = 200
    #: Whether systems are compared by what they answer; others the probe alone compares.
    is_compared: bool = True
    is_deep: bool = False
    #: Fewer connections than given, where more would only wait for each other, and be refused for it.
    connections: int = 1_000

    def prepare(self, world: World, callers: Callers) -> list[bytes]:
        asks = list(self.asks(world))
        callers.sign_in(ask.username for ask in asks if ask.username)
        if self.is_deep:
            asks = [deepen(callers, ask) for ask in asks]
        return [self.encode(callers, ask) for ask in asks]

    def encode(self, callers: Callers, ask: Ask) -> bytes:
        headers = {"Host": "127.0.0.1", **callers.headers(ask)}
        if self.status == 304:
            headers["If-None-Match"] = callers.get(ask).headers["ETag"]
        body = b""
        if ask.body is not None:
            body = json.dumps(ask.body).encode().replace(b"NUMBER", b"\2")
            length = len(body) + 11 * body.count(b"\2")
            headers |= {"Content-Type": "application/json", "Content-Length": str(length)}
        lines = [f"{'GET' if ask.body is None else 'POST'} {ask.path} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join([*lines, "", ""]).encode() + body


def deepen(callers: Callers, ask: Ask) -> Ask:
    """The same list's 900th page, or its last one; found as a client would, by going from page to page."""
    for _ in range(DEEP_PAGE - 1):
        following = callers.get(ask).json()["next"]
        if not following:
            break
        ask = ask._replace(path=urlsplit(following)._replace(scheme="", netloc="").geturl())
    return ask


def students_of(world: World) -> list[str]:
    return list(dict.fromkeys(target.username for target in world.works))


def catalogue(world: World) -> Iterator[Ask]:
    return (Ask(f"/api/courses/{PAGE}&expand=teacher", student) for student in students_of(world))


def courses(world: World) -> Iterator[Ask]:
    pairs = zip(world.course_ids, cycle(students_of(world)), strict=False)
    return (Ask(f"/api/courses/{course_id}/", student) for course_id, student in pairs)


def lists(world: World) -> Iterator[Ask]:
    return (listing(target) for target in world.listings)


def listing(target: Target) -> Ask:
    return Ask(f"{target.path}{PAGE}&expand=student", target.username)


def works(world: World) -> Iterator[Ask]:
    return (Ask(target.path, target.username) for target in world.works)


def new_work(world: World) -> Iterator[Ask]:
    """To lists that have none of the student's yet; when all had their turn it is the next attempt."""
    text = "Work NUMBER. " + "There are eight of them, and here is why: every other one would have to be even. " * 3
    return (Ask(target.path, target.username, {"text": text}) for target in world.openings)


def sign_ins(world: World) -> Iterator[Ask]:
    usernames = (f"student{number}" for number in range(min(world.shape.students, 1_000)))
    return (Ask(LOGIN, None, {"username": username, "password": world.password}) for username in usernames)


def gradebook(world: World) -> Iterator[Ask]:
    yield Ask(f"/api/courses/{world.graded.course_id}/gradebook/{PAGE}", world.graded.username)


def polls(world: World) -> Iterator[Ask]:
    return (Ask(POLL, student) for student in students_of(world))


KINDS = {
    "E1": Kind("20 courses with their teachers", catalogue),
    "E2": Kind("a course", courses),
    "E3": Kind("20 submissions, for the teacher", lists),
    "E3d": Kind("the 900th page of them", lambda world: iter([listing(world.deep)]), is_deep=True, is_compared=False),
    "E4": Kind("a submission, for its student", works),
    "E5": Kind("hand in", new_work, status=201, is_compared=False),
    "E6": Kind("sign in", sign_ins, is_compared=False, connections=4),
    "E7": Kind("20 lines of a gradebook of 1,000", gradebook),
    "E8": Kind("poll for notifications: 304", polls, status=304, is_compared=False),
}


def compare(kind: Kind, world: World, systems: dict[str, Callers]) -> list[str]:
    """How the answers of other systems differ from the first one's, on this very world."""
    from .probe import differences, in_one_spelling

    faults = []
    for ask in list(kind.asks(world))[:COMPARED]:
        expected: Any = None
        for name, callers in systems.items():
            callers.sign_in([ask.username] if ask.username else [])
            answer = in_one_spelling(callers.get(ask).json())
            for link in ("next", "previous"):  # each has cursors of its own
                answer.pop(link, None)
            expected = expected or answer
            faults += [f"{name}: {ask.path} {fault}" for fault in differences(answer, expected)]
    return faults
