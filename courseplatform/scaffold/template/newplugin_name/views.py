"""``/courses/{course_id}/newplugin-name/``. What a view's docstring says is for clients."""

from typing import Any

from sqlalchemy import select

from courseplatform.api import ListQuery, Request, Service

from . import operations
from .models import Note
from .permissions import P
from .schemas import NoteBody

notes = Service("newplugin_name", "/courses/{course_id}/newplugin-name/")
note = Service("newplugin_name_item", "/courses/{course_id}/newplugin-name/{note_id}/")


@notes.get(permission=P.LIST, query=ListQuery)
def list_notes(request: Request) -> Any:
    """Your notes on a course, newest first."""
    found = select(Note).where(
        Note.course_id == request.context.__parent__.id,
        Note.author_id == request.identity.id,
    )
    return request.paginate(found, order=(Note.id,))


@notes.post(permission=P.LIST, body=NoteBody)
def write_note(request: Request) -> Any:
    """Keep a note. 409 ``newplugin_name_exists``."""
    course_id, author_id = request.context.__parent__.id, request.identity.id
    values = request.validated["body"]
    return request.created(operations.write_note(request, course_id=course_id, author_id=author_id, **values))


@note.get(permission=P.EDIT)
def show_note(request: Request) -> Any:
    """One note."""
    return request.represent(request.context.row)


@note.put(permission=P.EDIT, body=NoteBody)
@note.patch(permission=P.EDIT, body=NoteBody)
def update_note(request: Request) -> Any:
    """Change a note. 409 ``newplugin_name_exists``."""
    operations.update_note(request, request.context.row, request.validated["body"])
    return request.represent(request.context.row)


@note.delete(permission=P.EDIT)
def delete_note(request: Request) -> Any:
    """Delete a note."""
    request.db.delete(request.context.row)
    return request.no_content()
