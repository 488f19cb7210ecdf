"""What happens to notes. Whatever calls these, a view, a job or another plugin, gives its own request."""

from typing import Any
from uuid import UUID

from sqlalchemy import delete

from courseplatform.api import Request
from plugins.accounts.api import UserForgotten

from . import jobs
from .models import Note


def write_note(request: Request, *, course_id: UUID, author_id: UUID, title: str, text: str) -> Note:
    """Keep a note; its words are counted after the commit.

    Raises: 409 ``newplugin_name_exists``, by constraint.
    """
    note = Note(course_id=course_id, author_id=author_id, title=title, text=text, created_at=request.now)
    request.db.add(note)
    request.db.flush()
    request.enqueue(jobs.count_words, note_id=note.id)
    return note


def update_note(request: Request, note: Note, changes: dict[str, Any]) -> None:
    """Apply changed fields, and count anew. Raises: 409 ``newplugin_name_exists``, by constraint."""
    for name, value in changes.items():
        setattr(note, name, value)
    note.word_count = None
    request.db.flush()
    request.enqueue(jobs.count_words, note_id=note.id)


def forget_user(event: UserForgotten) -> None:
    """A subscriber: what a user wrote goes with the account."""
    event.request.db.execute(delete(Note).where(Note.author_id == event.user_id))
