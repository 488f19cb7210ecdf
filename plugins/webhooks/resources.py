"""``/events`` and ``/webhooks``."""

from typing import Any

from courseplatform.api import Allow, Authenticated, Collection, Item, Node, user_principal

from .models import Webhook
from .permissions import P


class Events(Node):
    """``/events``: all to administrators, to teachers those of the courses that they teach."""

    __acl__ = [(Allow, "role:teacher", P.READ_EVENTS)]


class WebhookItem(Item):
    """``/webhooks/{webhook_id}``: its owner's, and administrators'."""

    model, kind, view_permission = Webhook, "webhook", P.OWN

    @property
    def __acl__(self) -> Any:
        return [(Allow, user_principal(self.row.owner_id), P.OWN)]


class Webhooks(Collection):
    """``/webhooks``: the caller's own; whoever may follow nothing any more still finds and deletes theirs."""

    item = WebhookItem
    __acl__ = [(Allow, Authenticated, P.LIST), (Allow, "role:teacher", P.CREATE)]
