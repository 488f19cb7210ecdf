"""``/courses/{course_id}/newplugin-name``"""

from typing import Any

from courseplatform.api import Allow, Authenticated, Collection, Item, user_principal

from .models import Note
from .permissions import P


class NoteItem(Item):
    """``/courses/{course_id}/newplugin-name/{note_id}``: for its author; others are told 404."""

    model, kind, parent_id, view_permission = Note, "newplugin_name", "course_id", P.EDIT

    @property
    def __acl__(self) -> Any:
        return [(Allow, user_principal(self.row.author_id), P.EDIT)]


class Notes(Collection):
    """Whoever sees the course can have notes here, once they have signed in."""

    item = NoteItem
    __acl__ = [(Allow, Authenticated, P.LIST)]
