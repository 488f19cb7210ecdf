"""The world's rows: the same each time, as the platform's operations leave them."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from .copying import Ids, Lines, moment, moment_of
from .shape import BEGAN_MS, DAY_MS, Shape, hand_ins

DUE_AT = "2035-01-01 00:00:00+00"
DESCRIPTION = "What it is about, in a few sentences. " * 5
ANSWER = "There are eight of them, and here is why: every other one would have to be even. " * 3
TOPICS = ("Algebra", "Botany", "Chemistry", "Drawing", "Ethics", "French", "Geometry", "History", "Logic", "Music")
STATUSES = ("checked",) * 7 + ("returned", "submitted", "submitted")
NOTIFICATIONS = 3
COURSES_BEGAN_MS, ENROLLMENTS_BEGAN_MS = BEGAN_MS + 60 * DAY_MS, BEGAN_MS + 200 * DAY_MS

Row = dict[str, Any]


class Builder:
    """Fills the tables by ``cursor``, and keeps the ids that others ask for.

    ``watched``: of these students' numbers it keeps (student, course, assignment, submission's id) in ``works``.
    """

    def __init__(self, cursor: Any, shape: Shape, password_hash: str, watched: range) -> None:
        self.cursor, self.shape, self.password_hash, self.watched = cursor, shape, password_hash, watched
        self.works: list[tuple[int, int, int, str]] = []

    def copy(self, table: str, rows: Iterable[Row]) -> None:
        rows = iter(rows)
        first = next(rows)
        lines = Lines(row.values() for row in chain([first], rows))
        self.cursor.copy_expert(f"COPY {table} ({', '.join(first)}) FROM STDIN", lines, size=1)

    def build(self) -> None:
        self.copy("users", self.users())
        self.copy("courses", self.courses())
        self.copy("lessons", self.lessons())
        self.copy("assignments", self.assignments())
        self.copy("enrollments", self.enrollments())
        self.copy("reviews", self.reviews())
        self.copy("notifications", self.notifications())
        self.copy("notification_inboxes", self.inboxes())
        self.copy("submissions", self.submissions())
        self.copy("grade_changes", self.grade_changes())

    def users(self) -> Iterator[Row]:
        shape, ids = self.shape, Ids("users")
        names = [("admin", 1), ("teacher", shape.teachers), ("student", shape.students)]
        people = [(role, number) for role, count in names for number in range(count)]
        user_ids = [ids.at(BEGAN_MS + place * 1000) for place in range(len(people))]
        self.teacher_ids = user_ids[1 : 1 + shape.teachers]
        self.student_ids = user_ids[1 + shape.teachers :]
        for user_id, (role, number) in zip(user_ids, people, strict=True):
            yield {
                "id": user_id,
                "created_at": moment_of(user_id),
                "email_verified_at": moment_of(user_id),
                "username": f"{role}{number}",
                "email": f"{role}{number}@example.com",
                "password_hash": self.password_hash,
                "role": role,
                "first_name": role.title(),
                "last_name": f"Number {number}",
                "locale": "en",
                "timezone": "UTC",
                "is_active": "true",
            }

    def teacher_of(self, course: int) -> int:
        return course % self.shape.teachers

    def ratings_of(self, course: int) -> list[int]:
        """By the first students of a course."""
        return [1 + (course + seat) % 5 for seat in range(course % 4)]

    def courses(self) -> Iterator[Row]:
        """The last one is a draft, which nobody could review."""
        shape, ids = self.shape, Ids("courses")
        self.course_ids = [ids.at(COURSES_BEGAN_MS + number * 60_000) for number in range(shape.courses + 1)]
        for number, course_id in enumerate(self.course_ids):
            ratings = self.ratings_of(number) if number < shape.courses else []
            yield {
                "id": course_id,
                "created_at": moment_of(course_id),
                "updated_at": moment_of(course_id),
                "title": f"{TOPICS[number % 10]} {number}",
                "description": DESCRIPTION,
                "teacher_id": self.teacher_ids[self.teacher_of(number)],
                "status": "published" if number < shape.courses else "draft",
                "review_count": len(ratings),
                "rating_sum": sum(ratings),
            }

    def lessons(self) -> Iterator[Row]:
        """Everybody's course has some more, which are drafts and come last."""
        shape, ids = self.shape, Ids("lessons")
        places = [(course, position) for course in range(shape.courses + 1) for position in range(shape.lessons)]
        places += [(0, shape.lessons + number) for number in range(shape.drafts)]
        self.lesson_ids = [ids.at(COURSES_BEGAN_MS + 60 * DAY_MS + number * 1000) for number in range(len(places))]
        for lesson_id, (course, position) in zip(self.lesson_ids, places, strict=True):
            yield {
                "id": lesson_id,
                "created_at": moment_of(lesson_id),
                "course_id": self.course_ids[course],
                "title": f"Lesson {position + 1}",
                "description": DESCRIPTION,
                "materials": "[]",
                "position": position + 1,
                "is_published": position < shape.lessons,
                "is_required": "true",
            }

    def assignments(self) -> Iterator[Row]:
        shape, ids = self.shape, Ids("assignments")
        count = (shape.courses + 1) * shape.a_course
        self.assignment_ids = [ids.at(COURSES_BEGAN_MS + 70 * DAY_MS + number * 1000) for number in range(count)]
        for number, assignment_id in enumerate(self.assignment_ids):
            yield {
                "id": assignment_id,
                "created_at": moment_of(assignment_id),
                "lesson_id": self.lesson_ids[number // shape.assignments],
                "title": f"Task {number % shape.assignments + 1}",
                "description": DESCRIPTION,
                "due_at": DUE_AT,
                "max_points": 100,
                "pass_points": 50,
                "is_published": "true",
                "is_required": "true",
            }

    def enrollments(self) -> Iterator[Row]:
        shape, ids = self.shape, Ids("enrollments")
        seats = ((course, seat) for course in range(shape.courses) for seat in range(shape.class_of(course)))
        for at_ms, (course, seat) in enumerate(seats, ENROLLMENTS_BEGAN_MS):
            yield {
                "id": ids.at(at_ms),
                "course_id": self.course_ids[course],
                "student_id": self.student_ids[shape.student(course, seat)],
                "status": "active",
                "enrolled_at": moment(at_ms),
            }

    def reviews(self) -> Iterator[Row]:
        ids = Ids("reviews")
        for course in range(self.shape.courses):
            for seat, rating in enumerate(self.ratings_of(course)):
                at_ms = ENROLLMENTS_BEGAN_MS + DAY_MS + course
                yield {
                    "id": ids.at(at_ms),
                    "created_at": moment(at_ms),
                    "updated_at": moment(at_ms),
                    "course_id": self.course_ids[course],
                    "student_id": self.student_ids[self.shape.student(course, seat)],
                    "rating": rating,
                    "text": "I have learned much.",
                }

    def notifications(self) -> Iterator[Row]:
        """Of everybody's first lessons. All but the last are read, which has given them new numbers."""
        ids, course_id = Ids("notifications"), self.course_ids[0]
        for number, lesson_id in enumerate(self.lesson_ids[:NOTIFICATIONS]):
            is_read = number < NOTIFICATIONS - 1
            url = f"/api/courses/{course_id}/lessons/{lesson_id}/"
            event_id = Ids(lesson_id).at(ENROLLMENTS_BEGAN_MS + number * DAY_MS)
            for at_ms, student_id in enumerate(self.student_ids, ENROLLMENTS_BEGAN_MS + number * DAY_MS):
                yield {
                    "id": ids.at(at_ms),
                    "created_at": moment(at_ms),
                    "recipient_id": student_id,
                    "kind": "lesson_published",
                    "message": f'There is a new lesson: "Lesson {number + 1}".',
                    "subject": json.dumps({"type": "lesson", "id": lesson_id, "url": url}),
                    "event_id": event_id,
                    "sequence": number + 1 + (NOTIFICATIONS if is_read else 0),
                    "is_read": is_read,
                    "is_listed": "true",
                }

    def inboxes(self) -> Iterator[Row]:
        for student_id in self.student_ids:
            yield {"recipient_id": student_id, "last_sequence": 2 * NOTIFICATIONS - 1, "preferences": "{}"}

    def submissions(self) -> Iterator[Row]:
        """Seven of ten are graded, one is returned, two wait; in the full gradebook every one is graded."""
        ids = Ids("submissions")
        for number, (at_ms, course, assignment, student) in enumerate(hand_ins(self.shape)):
            submission_id, at, text = ids.at(at_ms), moment(at_ms), f"Work {number}. {ANSWER}"
            if student in self.watched:
                self.works.append((student, course, assignment, submission_id))
            status = status_of(number, course)
            yield {
                "id": submission_id,
                "created_at": at,
                "assignment_id": self.assignment_ids[course * self.shape.a_course + assignment],
                "student_id": self.student_ids[student],
                "attempt": 1,
                "text": text,
                "status": status,
                "grade": points_of(number) if status == "checked" else None,
                "feedback": "Try again." if status == "returned" else "",
                "is_late": "false",
                "content_sha256": hashlib.sha256(text.encode() + b"\0").hexdigest(),
                "submitted_at": at,
                "deadline_due_at": DUE_AT,
                "checked_at": moment(at_ms + DAY_MS) if status == "checked" else None,
            }

    def grade_changes(self) -> Iterator[Row]:
        """One for each grade, a day after the work. Everything is made anew, and not kept: it may be millions."""
        ids, submission_ids = Ids("grade_changes"), Ids("submissions")
        for number, (at_ms, course, _, _) in enumerate(hand_ins(self.shape)):
            submission_id = submission_ids.at(at_ms)
            if status_of(number, course) == "checked":
                yield {
                    "id": ids.at(at_ms + DAY_MS),
                    "created_at": moment(at_ms + DAY_MS),
                    "submission_id": submission_id,
                    "by_user_id": self.teacher_ids[self.teacher_of(course)],
                    "new_points": points_of(number),
                    "reason": "",
                }


def status_of(number: int, course: int) -> str:
    return "checked" if course == 1 else STATUSES[number % len(STATUSES)]


def points_of(number: int) -> int:
    return 40 + number % 61
