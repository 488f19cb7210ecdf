"""``/users/notifications``"""

from typing import Any

from courseplatform.api import Allow, Authenticated, Collection, Deny, Everyone, Item, Node, user_principal

from .models import Notification
from .permissions import P


class NotificationItem(Item):
    """``/users/notifications/{notification_id}``: its recipient alone reads it, administrators alone write it."""

    model, kind = Notification, "notification"
    hidden_permissions = (P.VIEW, P.MARK)

    @property
    def __acl__(self) -> Any:
        nobody = (Deny, Everyone, P.VIEW)
        if not self.row.is_listed:
            return [nobody]
        return [(Allow, user_principal(self.row.recipient_id), (P.VIEW, P.MARK)), nobody]


class Notifications(Collection):
    """``/users/notifications``: the caller's own."""

    item = NotificationItem
    # Not MARK: what is allowed here is allowed on every notification beneath.
    __acl__ = [(Allow, Authenticated, (P.LIST, P.MARK_ALL))]


class Preferences(Node):
    """``/users/notifications/preferences``: the caller's own."""

    __acl__ = [(Allow, Authenticated, P.PREFER)]
