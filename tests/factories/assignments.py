"""Assignments."""

from typing import Any

from courseplatform.testing import Client
from plugins.assignments.models import Assignment

from .courses import id_of


def make_assignment(client: Client, lesson: str, **fields: Any) -> str:
    """An assignment in the lesson at this address; the address of it, ``…/assignments/{id}/``."""
    with client.script() as request:
        values = {"title": "Sheet 1", "created_at": request.now, **fields}
        assignment = Assignment(lesson_id=id_of(lesson), **values)
        request.db.add(assignment)
        request.db.flush()
        return f"{lesson}assignments/{assignment.id}/"
