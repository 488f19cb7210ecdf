"""Notes as JSON."""

from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from courseplatform.api import Request
from plugins.courses.api import Course

from .models import Note


def note_json(request: Request, note: Note) -> dict[str, Any]:
    return {
        "id": note.id,
        "course_id": note.course_id,
        "title": note.title,
        "text": note.text,
        "word_count": note.word_count,
        "created_at": note.created_at,
    }


def load_counts(request: Request, courses: list[Course]) -> dict[UUID, Any]:
    """The extension of courses: how many notes the caller has, for a whole page in one statement."""
    if request.identity is None:
        return {}
    own = (Note.author_id == request.identity.id, Note.course_id.in_([course.id for course in courses]))
    counts = request.db.execute(select(Note.course_id, func.count()).where(*own).group_by(Note.course_id))
    found = {course_id: count for course_id, count in counts}
    return {course.id: {"note_count": found.get(course.id, 0)} for course in courses}


def export_notes(request: Request, user_id: UUID) -> list[dict[str, Any]]:
    """The part of notes in the export of a user's data."""
    own = select(Note).where(Note.author_id == user_id).order_by(Note.id)
    return [note_json(request, note) for note in request.db.scalars(own)]
