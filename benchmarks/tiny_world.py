"""A world of a few dozen people, made through the platform's own API: enough to tell right answers from wrong ones."""

import time
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from benchmarks.costs import PASSWORD
from tests.functional.gateway import Production
from tests.functional.platform import Caller

STUDENTS = 26  # more than one page hands in, and an odd one out
ANY: dict[str, Any] = {"headers": {"If-Match": "*"}}
#: Passwords cost nothing, and the serving process runs the jobs.
CHEAP = {
    "COURSEPLATFORM_JOBS_IN_PROCESS": "true",
    "COURSEPLATFORM_ACCOUNTS_ARGON2_MEMORY_KIB": "1024",
    "COURSEPLATFORM_ACCOUNTS_ARGON2_ROUNDS": "1",
}


@dataclass(frozen=True)
class TinyWorld:
    """What ``probe`` wants to know: see ``benchmarks.reading.World``."""

    course_id: str
    draft_course_id: str
    lesson_id: str
    assignment_id: str
    submission_id: str
    open_assignment_id: str
    locked_assignment_id: str
    other_lesson_id: str
    gradebook_course_id: str
    crowd_course_id: str
    crowd_lesson_id: str
    teacher: str = "teacher"
    student: str = "student0"
    other_student: str = "student1"
    stranger: str = "stranger"
    gradebook_teacher: str = "teacher"
    crowd_teacher: str = "teacher"
    crowd_student: str = "student2"
    crowd_leaver: str = "student7"
    password: str = PASSWORD


class Maker:
    def __init__(self, platform: Production) -> None:
        person = ("--username", "root", "--email", "root@example.com", "--password", PASSWORD)
        platform.run("courseplatform", "create-admin", platform.ini, *person)
        self.anyone = Caller(platform)
        self.admin = self.anyone.sign_in("root", PASSWORD)

    def person(self, name: str, role: str = "student") -> Caller:
        body = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
        user_id = self.anyone("POST", "/api/auth/register/", 201, body)["id"]
        changes = {"first_name": name.title(), "last_name": "Ivanov", "locale": "ru" if name.endswith("3") else "en"}
        caller = self.anyone.sign_in(name, PASSWORD)
        caller("PATCH", f"/api/users/{user_id}/", 200, changes)
        if role != "student":
            self.admin("PATCH", f"/api/users/{user_id}/", 200, {"role": role})
        return self.anyone.sign_in(name, PASSWORD)

    def made(self, caller: Caller, path: str, **body: Any) -> str:
        return str(caller("POST", path, 201, body)["id"])


def make(platform: Production) -> TinyWorld:
    maker = Maker(platform)
    teacher, other = maker.person("teacher", "teacher"), maker.person("other", "teacher")
    students = [maker.person(f"student{number}") for number in range(STUDENTS)]
    maker.person("stranger")

    def course(owner: Caller, title: str) -> tuple[str, str]:
        """A published course with a lesson: their ids."""
        course_id = maker.made(owner, "/api/courses/", title=title, description=f"{title}, in a few words.")
        lesson_id = maker.made(owner, f"/api/courses/{course_id}/lessons/", title="One", description="Read it.")
        owner("PUT", f"/api/courses/{course_id}/publication/", 200)
        return course_id, lesson_id

    for number in range(22):
        _, other_lesson_id = course(other if number % 2 else teacher, f"Course {number}")
    draft_course_id = maker.made(other, "/api/courses/", title="Not yet")

    main_id, lesson_id = course(teacher, "Groups")
    lesson = f"/api/courses/{main_id}/lessons/{lesson_id}/"
    first_id = maker.made(teacher, lesson + "assignments/", title="Prove", max_points=10, pass_points=5)
    open_id = maker.made(teacher, lesson + "assignments/", title="Count", max_points=10)
    dates = {"due_at": "2020-01-01T00:00:00Z", "lock_at": "2020-01-02T00:00:00Z"}
    locked_id = maker.made(teacher, lesson + "assignments/", title="Late", max_points=10, **dates)
    work = f"{lesson}assignments/{first_id}/submissions/"
    for number, student in enumerate(students):
        student("PUT", f"/api/courses/{main_id}/enrollments/me/", 201)
        submission_id = maker.made(student, work, text=f"Work of {number}")
        student("PUT", lesson + "completion/", 200)
        if number % 2 == 0:
            teacher(
                "PUT", f"{work}{submission_id}/grade/", 200, {"grade": number % 11, "feedback": f"No. {number}"}, **ANY
            )
    submission_id = students[0]("GET", work, 200)["results"][0]["id"]
    students[1]("POST", work, 201, {"text": "A second attempt"})
    students[5]("POST", work, 201, {"text": "A draft, seen by its student alone", "status": "draft"})

    graded_id, graded_lesson_id = course(teacher, "Graded")
    lesson = f"/api/courses/{graded_id}/lessons/{graded_lesson_id}/"
    tasks = [maker.made(teacher, lesson + "assignments/", title=f"T{n}", max_points=10, pass_points=4) for n in (1, 2)]
    hidden_id = maker.made(teacher, lesson + "assignments/", title="Hidden", max_points=7)
    for number, student in enumerate(students[:24]):
        student("PUT", f"/api/courses/{graded_id}/enrollments/me/", 201)
        if number % 3 == 0:
            student("PUT", lesson + "completion/", 200)
        for task_id in (*tasks[: number % 3], hidden_id):
            work = f"{lesson}assignments/{task_id}/submissions/"
            made = maker.made(student, work, text=f"Work of {number}")
            if number % 2:
                teacher("PUT", f"{work}{made}/grade/", 200, {"grade": number % 8}, **ANY)
            elif number % 4 == 0:
                teacher("PUT", f"{work}{made}/return/", 200, {"feedback": "Again."}, **ANY)
                maker.made(student, work, text=f"Again, {number}")
    teacher("PATCH", f"{lesson}assignments/{hidden_id}/", 200, {"is_published": False})

    crowd_id, _ = course(teacher, "Crowd")
    for student in students[2:8]:
        student("PUT", f"/api/courses/{crowd_id}/enrollments/me/", 201)
    students[7]("DELETE", f"/api/courses/{crowd_id}/enrollments/me/", 204)
    crowd_lesson_id = maker.made(teacher, f"/api/courses/{crowd_id}/lessons/", title="Two", is_published=False)
    return TinyWorld(
        course_id=main_id,
        draft_course_id=draft_course_id,
        lesson_id=lesson_id,
        assignment_id=first_id,
        submission_id=submission_id,
        open_assignment_id=open_id,
        locked_assignment_id=locked_id,
        other_lesson_id=other_lesson_id,
        gradebook_course_id=graded_id,
        crowd_course_id=crowd_id,
        crowd_lesson_id=crowd_lesson_id,
    )


def settle(database_url: str) -> None:
    """Wait until all that was done has been told: what is compared must not change meanwhile."""
    until = time.monotonic() + 120
    undone = "SELECT count(*) FROM outbox WHERE done_at IS NULL AND dead_at IS NULL AND due_at <= now()"
    with sa.create_engine(database_url, poolclass=sa.NullPool).connect() as connection:
        while connection.scalar(sa.text(undone)):
            assert time.monotonic() < until, "jobs without end"
            time.sleep(0.2)
