"""``/auth`` and ``/users``."""

from typing import Any

from courseplatform.api import Allow, Authenticated, Collection, Item, Node, Request, user_principal

from .models import User
from .permissions import P


class Auth(Node):
    """``/auth``"""

    __acl__ = [(Allow, Authenticated, P.SIGNED_IN)]


class UserItem(Item):
    """``/users/{user_id}``: everyone signed in sees a public card; the user and administrators see all."""

    model, kind = User, "user"

    @property
    def __acl__(self) -> Any:
        return [(Allow, user_principal(self.row.id), P.EDIT), (Allow, Authenticated, P.VIEW)]


class Users(Collection):
    """``/users``"""

    item = UserItem


class Me(UserItem):
    """``/users/me``: the caller."""

    is_keyed = False

    def __init__(self, request: Request, name: str | None = None, parent: Node | None = None) -> None:
        super().__init__(request, name, parent)
        identity = request.identity
        if identity is not None:
            lock = {"key_share": True} if request.method in ("PATCH", "DELETE") else None
            self.row = request.db.get(User, identity.id, with_for_update=lock)

    @property
    def __acl__(self) -> Any:
        return [(Allow, Authenticated, (P.VIEW, P.EDIT, P.ERASE))]
