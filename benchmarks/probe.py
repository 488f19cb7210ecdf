"""Whether a system gives the platform's answers: asked of every one before any timing, of the platform too.

``probe(url, world)`` knows what is right by itself: who may see what, that pages join, that work is kept.
``probe(url, world, expected)`` also compares every answer, field by field, with ``record(platform_url, world)``.
``python -m benchmarks.probe`` does so to all systems on a tiny world.
"""

import hashlib
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from uuid import uuid4

import requests

from .reading import Cast, Person, World, differences, in_one_spelling, read, read_pages

__all__ = ["Answers", "World", "differences", "in_one_spelling", "main", "probe", "record"]

TOLD_WITHIN_S = 120

#: Name of a question → (status, body with its moments in one spelling; None for a refusal).
Answers = dict[str, tuple[int, Any]]


def questions(world: World) -> dict[str, tuple[str, str, bool, int]]:
    """Name → (who asks, path, whether a list, status). Nothing that is asked here changes by what is probed below."""
    course = f"/api/courses/{world.course_id}/"
    lesson = f"{course}lessons/{world.lesson_id}/"
    work = f"{lesson}assignments/{world.assignment_id}/submissions/"
    own = f"{work}{world.submission_id}/"
    foreign = f"{course}lessons/{world.other_lesson_id}/assignments/{world.assignment_id}/submissions/"
    elsewhere = f"{lesson}assignments/{world.open_assignment_id}/submissions/{world.submission_id}/"
    unknown = f"{lesson}assignments/{uuid4()}/submissions/"
    courses, grades = "/api/courses/?limit=20&expand=teacher", f"/api/courses/{world.gradebook_course_id}/gradebook/"
    page = "?limit=20&expand=student"
    return {
        "E1 by a student": ("student", courses, True, 200),
        "E1 by a teacher": ("teacher", courses, True, 200),
        "E1 by nobody": ("", courses, True, 200),
        "E1 by an impostor": ("impostor", courses, True, 401),
        "E2 by a student": ("student", course, False, 200),
        "E2 by nobody": ("", course, False, 200),
        "E2 another's draft": ("student", f"/api/courses/{world.draft_course_id}/", False, 404),
        "E2 unknown": ("student", f"/api/courses/{uuid4()}/", False, 404),
        "E3 by the teacher": ("teacher", work + page, True, 200),
        "E3 by a student": ("student", work + page, True, 200),
        "E3 by a stranger": ("stranger", work + page, True, 403),
        "E3 by nobody": ("", work + page, True, 401),
        "E3 by an impostor": ("impostor", work + page, True, 401),
        "E3 lesson of another course": ("teacher", foreign + page, True, 404),
        "E3 unknown assignment": ("teacher", unknown + page, True, 404),
        "E4 by its student": ("student", own, False, 200),
        "E4 by the teacher": ("teacher", own, False, 200),
        "E4 by another student": ("other_student", own, False, 404),
        "E4 by a stranger": ("stranger", own, False, 404),
        "E4 by nobody": ("", own, False, 401),
        "E4 of another assignment": ("student", elsewhere, False, 404),
        "E4 lesson of another course": ("student", f"{foreign}{world.submission_id}/", False, 404),
        "E7 by the teacher": ("gradebook_teacher", grades + "?limit=20", True, 200),
        "E7 by a student": ("student", grades + "?limit=20", True, 403),
        "E7 by nobody": ("", grades + "?limit=20", True, 401),
        "E8 by a student": ("student", "/api/users/notifications/?is_read=false&limit=20", True, 200),
        "E8 by nobody": ("", "/api/users/notifications/", True, 401),
    }


def record(url: str, world: World) -> Answers:
    """What a system answers to every question."""
    cast, found = Cast(url, world), {}
    for name, (role, path, is_list, _) in questions(world).items():
        found[name] = read_pages(cast[role], path) if is_list else read(cast[role].ask("GET", path))
    return found


def probe(url: str, world: World, expected: Answers | None = None) -> list[str]:
    """The faults of a system. It hands in work and publishes a lesson, so each system adds to the world."""
    cast, faults = Cast(url, world), []

    def note(name: str, check: Callable[[], Iterator[str]]) -> None:
        try:
            faults.extend(f"{name}: {fault}" for fault in check())
        except (AssertionError, LookupError, TypeError, ValueError, requests.RequestException) as error:
            faults.append(f"{name}: {type(error).__name__} {error}")

    for name, (role, path, is_list, status) in questions(world).items():
        wanted = (status, None if expected is None else expected[name][1])
        note(name, partial(asking, cast, role, path, is_list, wanted))
    for name, check in {
        "E5": handing_in,
        "E6": signing_in,
        "E8": polling,
        "E9": publishing,
    }.items():
        note(name, partial(check, cast, world))
    return faults


def asking(cast: Cast, role: str, path: str, is_list: bool, wanted: tuple[int, Any]) -> Iterator[str]:
    status, body = read_pages(cast[role], path) if is_list else read(cast[role].ask("GET", path))
    if status != wanted[0]:
        yield f"{status}, not {wanted[0]}"
    elif wanted[1] is not None:
        yield from differences(body, wanted[1])


def handing_in(cast: Cast, world: World) -> Iterator[str]:
    lesson = f"/api/courses/{world.course_id}/lessons/{world.lesson_id}/"
    path = f"{lesson}assignments/{world.open_assignment_id}/submissions/"
    student = cast["other_student"]
    earlier = student.ask("GET", path + "?limit=1").json()["results"]
    attempt = earlier[0]["attempt"] if earlier else 0
    for text in (f"  Œuvre {uuid4()}\n", f"Another {uuid4()}"):
        status, made = read(student.ask("POST", path, json={"text": text}))
        attempt += 1
        if status != 201:
            yield f"{status}, not 201"
            return
        sha256 = hashlib.sha256(text.encode() + b"\0").hexdigest()
        for key, value in {"attempt": attempt, "text": text, "status": "submitted", "is_late": False}.items():
            if made[key] != value:
                yield f"{key} is {made[key]!r}, not {value!r}"
        if made["receipt"] != {"sha256": sha256, "received_at": made["submitted_at"]}:
            yield f"a wrong receipt {made['receipt']}"
        yield from differences(read(student.ask("GET", f"{path}{made['id']}/"))[1], made, "kept")
    foreign = path.replace(world.lesson_id, world.other_lesson_id)
    refusals = {
        "the same again": ("other_student", path, {"text": text}, 409),
        "nothing": ("other_student", path, {"text": "  "}, 422),
        "locked": ("other_student", path.replace(world.open_assignment_id, world.locked_assignment_id), None, 409),
        "already checked": ("student", path.replace(world.open_assignment_id, world.assignment_id), None, 409),
        "a teacher": ("teacher", path, None, 403),
        "a stranger": ("stranger", path, None, 403),
        "nobody": ("", path, None, 401),
        "lesson of another course": ("other_student", foreign, None, 404),
    }
    for name, (role, address, body, status) in refusals.items():
        found, _ = read(cast[role].ask("POST", address, json=body or {"text": "Something"}))
        if found != status:
            yield f"{name}: {found}, not {status}"


def signing_in(cast: Cast, world: World) -> Iterator[str]:
    nobody = cast[""]
    for name, username, password, status in (
        ("in capitals", world.student.upper(), world.password, 200),
        ("a wrong password", world.student, "another long passphrase", 401),
        ("nobody's name", f"nobody-{uuid4().hex[:8]}", world.password, 401),
    ):
        answer = nobody.sign_in(username, password)
        if answer.status_code != status:
            yield f"{name}: {answer.status_code}, not {status}"
        elif answer.ok and not {"access_token", "token_type"} <= answer.json().keys():
            yield f"{name}: {list(answer.json())}"


def polling(cast: Cast, world: World) -> Iterator[str]:
    """304 while nothing has happened."""
    path, etag = "/api/users/notifications/?is_read=false&limit=20", None
    for status in (200, 304, 304):
        answer = cast["student"].ask("GET", path, headers={"If-None-Match": etag} if etag else {})
        if answer.status_code != status or not answer.headers.get("ETag") or (status == 304 and answer.content):
            yield f"{answer.status_code}, not {status}, with the ETag {answer.headers.get('ETag')}"
        etag = answer.headers.get("ETag")


def told(person: Person, lesson_id: str) -> list[Any]:
    """Their latest notifications about a lesson."""
    rows = person.ask("GET", "/api/users/notifications/?is_read=false&limit=20").json()["results"]
    return [row for row in rows if (row["subject"] or {}).get("id") == lesson_id]


def publishing(cast: Cast, world: World) -> Iterator[str]:
    """The lesson is published anew; that is told to those who take the course, once, and nobody else."""
    path = f"/api/courses/{world.crowd_course_id}/lessons/{world.crowd_lesson_id}/"
    teacher, student = cast["crowd_teacher"], cast["crowd_student"]
    read(teacher.ask("PATCH", path, json={"is_published": False}))
    others = {role: cast[role] for role in ("crowd_teacher", "crowd_leaver", "stranger")}
    before = {row["id"] for person in (student, *others.values()) for row in told(person, world.crowd_lesson_id)}
    poll = student.ask("GET", "/api/users/notifications/?is_read=false&limit=20")
    refused, _ = read(student.ask("PATCH", path, json={"is_published": True}))
    if refused != 404:  # to a student an unpublished lesson isn't there
        yield f"a student publishes: {refused}, not 404"
    status, lesson = read(teacher.ask("PATCH", path, json={"is_published": True}))
    if status != 200 or lesson["id"] != world.crowd_lesson_id or not lesson["is_published"]:
        yield f"{status} {lesson}"
    until, new = time.monotonic() + TOLD_WITHIN_S, []
    while not new:
        new = [row for row in told(student, world.crowd_lesson_id) if row["id"] not in before]
        if time.monotonic() > until:
            yield "a student is not told"
            return
        time.sleep(0.05)
    time.sleep(0.2)
    new = [row for row in told(student, world.crowd_lesson_id) if row["id"] not in before]
    if len(new) != 1 or new[0]["kind"] != "lesson_published" or lesson["title"] not in new[0]["message"]:
        yield f"told {new}"
    if new[0]["subject"] != {"type": "lesson", "id": world.crowd_lesson_id, "url": path}:
        yield f"about {new[0]['subject']}"
    again = student.ask("GET", poll.url, headers={"If-None-Match": poll.headers.get("ETag", "")})
    if again.status_code != 200:
        yield f"{again.status_code}, not 200, to who polls after news"
    for role, person in others.items():
        if any(row["id"] not in before for row in told(person, world.crowd_lesson_id)):
            yield f"{role} is told too"


def main() -> int:
    from .costs import served
    from .rivals import RIVALS
    from .systems import running_rival
    from .tiny_world import CHEAP, make, settle

    with served(**CHEAP) as (platform, _, _):
        world, database_url = make(platform), platform.environ["DATABASE_URL"]
        settle(database_url)
        expected, found = record(platform.url, world), {}
        found["platform"] = probe(platform.url, world, expected)
        for rival in RIVALS:
            with running_rival(rival, platform.folder / rival.name, database_url, processes=2) as system:
                found[rival.name] = probe(system.url, world, expected)
    for name, faults in found.items():
        print(f"{name}: {'the same' if not faults else ''}", *faults, sep="\n    ")
    return 1 if any(found.values()) else 0


if __name__ == "__main__":
    raise SystemExit(main())
