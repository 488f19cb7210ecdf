"""Enrolling many at once: each as ``enrol`` would, with what they have in common asked once."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from courseplatform.api import Conflict, Fault, Invalid, Request, Row, refuse_repeated
from plugins.accounts.api import find_active_users
from plugins.courses.api import Course, named_staff

from .operations import hold_course, lock_enrollments, take_up

#: How a row may say who is meant.
NAMES = ("student_id", "username", "email")


def prepare(request: Request, rows: list[Row], *, course: Course, by_user_id: UUID) -> Callable[[Row], dict[str, Any]]:
    """The verb that enrols whom a row names. Adds the faults that rows have beside each other.

    Whoever else enrols in the course waits until the commit, so that nobody waits in a circle.
    Raises: Conflict("course_archived"). The verb raises what ``enrol`` does.
    """
    student_ids = find_students(request, rows)
    refuse_repeated(rows, lambda row: student_ids.get(row.number), "")
    held = hold_course(request, course.id, is_alone=True)
    held.require_not_archived()
    staff = named_staff(request, held.id, student_ids.values())
    known = lock_enrollments(request, held.id, student_ids.values())

    def enrol_row(row: Row) -> dict[str, Any]:
        student_id = student_ids.get(row.number)
        if student_id is None:
            raise Invalid.field(next(iter(row.values)), "must be an active user")
        if student_id in staff:
            raise Conflict("is_staff")
        enrollment, is_new = take_up(
            request, course=held, student_id=student_id, by_user_id=by_user_id, known=known.get(student_id)
        )
        return {"status": 201 if is_new else 200, "id": enrollment.id, "student_id": student_id}

    return enrol_row


def find_students(request: Request, rows: list[Row]) -> dict[int, UUID]:
    """The active users whom rows name, by the rows' numbers. Adds a fault to rows that name nobody, or in two ways."""
    for row in rows:
        if not row.faults and len(row.values) != 1:
            row.faults.append(Fault("body", "", "must have one of student_id, username and email"))
    named = [[row.values[name] for row in rows if not row.faults and name in row.values] for name in NAMES]
    ids, by_username, by_email = find_active_users(request, ids=named[0], usernames=named[1], emails=named[2])
    found = {}
    for row in rows:
        if row.faults:
            continue
        ((name, value),) = row.values.items()
        if name == "student_id":
            student_id = value if value in ids else None
        else:
            student_id = (by_username if name == "username" else by_email).get(value.lower())
        if student_id is not None:
            found[row.number] = student_id
    return found
