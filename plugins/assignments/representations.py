"""Assignments as JSON."""

from typing import Any

from courseplatform.api import Request

from .models import Assignment, Deadline


def assignment_json(request: Request, assignment: Assignment, deadline: Deadline) -> dict[str, Any]:
    """``due_at`` and ``lock_at`` are the assignment's, ``deadline`` is the caller's."""
    return {
        "id": assignment.id,
        "lesson_id": assignment.lesson_id,
        "title": assignment.title,
        "description": assignment.description,
        "due_at": assignment.due_at,
        "lock_at": assignment.lock_at,
        "max_points": assignment.max_points,
        "pass_points": assignment.pass_points,
        "max_attempts": assignment.max_attempts,
        "is_published": assignment.is_published,
        "is_required": assignment.is_required,
        "created_at": assignment.created_at,
        "deadline": {
            "due_at": deadline.due_at,
            "lock_at": deadline.lock_at,
            "server_now": request.now,
            "state": deadline.state(request.now),
        },
    }
