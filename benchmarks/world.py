"""The world that everything is measured in: the same rows each time, by COPY, as the platform's operations leave them.

``python -m benchmarks.world URL --scale N`` builds it in an empty, migrated database. ``benchmarks.shape`` says what it
is like; here is what there is to ask for.
"""

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

from argon2 import PasswordHasher

from .building import Builder
from .copying import connected
from .shape import Shape

PASSWORD = "a long enough passphrase"
#: How many sign in for what is measured: a sign-in costs as much as a hundred other requests.
STUDENTS_ASKING, TEACHERS_ASKING = 200, 50
LISTINGS, WORKS = 200, 1_000


class Target(NamedTuple):
    """Whom to ask for what. ``path`` is the submission's, or that of the assignment's submissions."""

    username: str
    course_id: str
    lesson_id: str
    assignment_id: str
    submission_id: str | None = None

    @property
    def path(self) -> str:
        parts = f"/api/courses/{self.course_id}/lessons/{self.lesson_id}/assignments/{self.assignment_id}/submissions/"
        return f"{parts}{self.submission_id}/" if self.submission_id else parts


@dataclass
class World:
    """What there is to ask for."""

    shape: Shape
    admin: str
    #: Lists of submissions, by their teachers; submissions, by their students; lists that their students may add to.
    listings: list[Target]
    works: list[Target]
    openings: list[Target]
    #: The list with the deep pages and the full gradebook, by their teachers.
    deep: Target
    graded: Target
    #: The published ones; a draft, by its teacher; lessons that the teacher of ``deep`` can publish to everybody.
    course_ids: list[str]
    draft_course: Target
    draft_lesson_ids: list[str]
    #: Does not take the course of ``works[0]``.
    outsider: str
    password: str = PASSWORD

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self)))

    @classmethod
    def load(cls, path: Path) -> "World":
        told = json.loads(path.read_text())
        lists = {name: [Target(*target) for target in told[name]] for name in ("listings", "works", "openings")}
        ones = {name: Target(*told[name]) for name in ("deep", "graded", "draft_course")}
        return cls(**{**told, **lists, **ones, "shape": Shape(**told["shape"])})


def build(url: str, shape: Shape, *, memory_kib: int = 64 * 1024, rounds: int = 3) -> World:
    """Fill an empty, migrated database. By default a hash costs what the platform's cost by default."""
    hasher = PasswordHasher(time_cost=rounds, memory_cost=memory_kib, parallelism=1)
    callers = range(2 * shape.seats, 2 * shape.seats + min(STUDENTS_ASKING, shape.students // 2))
    with connected(url) as connection, connection.cursor() as cursor:
        builder = Builder(cursor, shape, hasher.hash(PASSWORD, salt=b"everybody's salt"), callers)
        builder.build()
        cursor.execute("VACUUM (ANALYZE)")
    return choose(builder, callers)


def choose(builder: Builder, callers: range) -> World:
    shape = builder.shape

    def target(username: str, course: int, assignment: int, submission_id: str | None = None) -> Target:
        number = course * shape.a_course + assignment
        lesson_id = builder.lesson_ids[number // shape.assignments]
        return Target(username, builder.course_ids[course], lesson_id, builder.assignment_ids[number], submission_id)

    def listings() -> Iterator[Target]:
        """The lists of the first assignments: where there is work, the list is a page and more."""
        for course in range(2, 2 + min(shape.courses - 2, -(-shape.others // shape.seats))):
            teacher = builder.teacher_of(course)
            if teacher < TEACHERS_ASKING:
                yield target(f"teacher{teacher}", course, 0)

    def openings() -> Iterator[Target]:
        """Of the assignments that nobody has handed in; each student's turn comes when the others have had theirs."""
        seats = [
            (course, student)
            for course in range(2, shape.courses)
            for seat in range(shape.seats)
            if (student := shape.student(course, seat)) in callers
        ]
        for assignment in range(shape.rounds, shape.a_course):
            for course, student in seats:
                yield target(f"student{student}", course, assignment)

    works = [
        target(f"student{student}", course, assignment, submission_id)
        for student, course, assignment, submission_id in builder.works
        if course > 1
    ]
    near_course = builder.course_ids.index(works[0].course_id)
    near = {shape.student(near_course, seat) for seat in range(shape.seats)}
    return World(
        shape=shape,
        admin="admin0",
        listings=list(listings())[:LISTINGS],
        works=works[:WORKS],
        openings=list(openings()),
        deep=target(f"teacher{builder.teacher_of(0)}", 0, 0),
        graded=target(f"teacher{builder.teacher_of(1)}", 1, 0),
        course_ids=builder.course_ids[: shape.courses],
        draft_course=target(f"teacher{builder.teacher_of(shape.courses)}", shape.courses, 0),
        draft_lesson_ids=builder.lesson_ids[-shape.drafts :],
        outsider=next(f"student{student}" for student in range(shape.students) if student not in near),
    )


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--scale", type=int, default=Shape.submissions, help="how many submissions")
    parser.add_argument("--save", type=Path, help="where to write what there is to ask for")
    given = parser.parse_args()
    world = build(given.url, Shape(given.scale))
    if given.save:
        world.save(given.save)


if __name__ == "__main__":
    main()
