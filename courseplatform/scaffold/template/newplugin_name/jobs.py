"""Work for after the commit. A job may be tried more than once, so it reads what is there when it runs."""

from uuid import UUID

from courseplatform.api import Request

from .models import Note


def count_words(request: Request, *, note_id: UUID) -> None:
    """Count the words of a note. Stands for what takes its time."""
    note = request.db.get(Note, note_id)
    if note is not None:  # else it was deleted meanwhile
        note.word_count = len(note.text.split())
