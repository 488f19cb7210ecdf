"""The gradebook as JSON and as lines of a table."""

from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, select

from courseplatform.api import Request
from plugins.accounts.api import User, user_cards
from plugins.assignments.api import Assignment
from plugins.enrollments.api import ENROLLED, percents_of

from .grades import Cell, cells_of, max_points_of, total_of
from .models import GradedStudent

#: How many students are read at a time for a table.
CHUNK = 200
#: Columns of the table; between them one for each assignment.
BEFORE = ("student_id", "username", "last_name", "first_name", "status")
AFTER = ("total_points", "max_points", "progress_percent")


class Grades(NamedTuple):
    card: Any
    cells: list[Cell]
    max_points: int
    percent: int


def students_of(course_id: UUID, status: str | None) -> Select[Any]:
    statuses = ENROLLED if status is None else (status,)
    return select(GradedStudent).where(GradedStudent.course_id == course_id, GradedStudent.status.in_(statuses))


def load_grades(request: Request, students: list[GradedStudent]) -> dict[UUID, Grades]:
    """What lines of one course need, by enrollment id: four statements for however many students and assignments."""
    ids, course_id = {student.student_id for student in students}, students[0].course_id
    cards, cells = user_cards(request, ids), cells_of(request, course_id, ids)
    most, percents = max_points_of(request, course_id, ids), percents_of(request, [s.id for s in students])
    return {
        student.id: Grades(
            cards.get(student.student_id),
            cells.get(student.student_id, []),
            most.get(student.student_id, 0),
            percents.get(student.id, 0),
        )
        for student in students
    }


def student_json(request: Request, student: GradedStudent, grades: Grades) -> dict[str, Any]:
    return {
        "enrollment_id": student.id,
        "status": student.status,
        "student": grades.card,
        "cells": [cell_json(cell) for cell in grades.cells],
        "total_points": total_of(grades.cells),
        "max_points": grades.max_points,
        "progress_percent": grades.percent,
    }


def cell_json(cell: Cell) -> dict[str, Any]:
    said = cell._asdict()
    del said["student_id"]
    return said


def column_json(assignment: Assignment, is_visible: bool) -> dict[str, Any]:
    return {
        "assignment_id": assignment.id,
        "lesson_id": assignment.lesson_id,
        "title": assignment.title,
        "max_points": assignment.max_points,
        "pass_points": assignment.pass_points,
        "is_required": assignment.is_required,
        "is_visible": is_visible,
    }


def read_lines(
    request: Request, *, course_id: UUID, status: str | None, assignment_ids: list[UUID], after: UUID | None
) -> tuple[list[list[Any]], UUID | None]:
    """Some lines of the table, and the enrollment after which it goes on, None at its end."""
    found = students_of(course_id, status).add_columns(User).join(User, User.id == GradedStudent.student_id)
    if after is not None:
        found = found.where(GradedStudent.id > after)
    pairs = request.db.execute(found.order_by(GradedStudent.id).limit(CHUNK)).all()
    if not pairs:
        return [], None
    students = [student for student, _ in pairs]
    ids = [student.student_id for student in students]
    cells, most = cells_of(request, course_id, ids), max_points_of(request, course_id, ids)
    percents = percents_of(request, [student.id for student in students])
    lines = []
    for student, user in pairs:
        theirs = {cell.assignment_id: cell.grade for cell in cells.get(user.id, [])}
        who = [user.id, user.username, user.last_name, user.first_name, student.status]
        totals = [total_of(cells.get(user.id, [])), most.get(user.id, 0), percents.get(student.id, 0)]
        lines.append([*who, *(theirs.get(assignment_id) for assignment_id in assignment_ids), *totals])
    return lines, students[-1].id if len(pairs) == CHUNK else None
