"""``/auth`` and ``/users``."""

from typing import Any

from courseplatform.api import Allow, Authenticated, Collection, Deny, Everyone, Item, Node, Request, user_principal

from .models import SignInSession, User
from .permissions import P


class Auth(Node):
    """``/auth``"""

    __acl__ = [(Allow, Authenticated, P.SIGNED_IN)]


class SessionItem(Item):
    """``/auth/sessions/{session_id}``: one's own while it lives; for administrators too the others don't exist."""

    model, kind = SignInSession, "session"
    view_permission = P.MANAGE_SESSION

    @property
    def __acl__(self) -> Any:
        others = (Deny, Everyone, P.MANAGE_SESSION)
        if not self.row.is_living(self.request.now):
            return [others]
        return [(Allow, user_principal(self.row.user_id), P.MANAGE_SESSION), others]


class Sessions(Collection):
    """``/auth/sessions``: the caller's own."""

    item = SessionItem
    __acl__ = [(Allow, Authenticated, P.LIST_SESSIONS)]


class UserItem(Item):
    """``/users/{user_id}``: everyone signed in sees a public card; the user and administrators see all."""

    model, kind, keeps_row = User, "user", True

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
        return [(Allow, Authenticated, (P.VIEW, P.EDIT, P.ERASE, P.EXPORT))]
