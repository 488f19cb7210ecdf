"""Notifications."""

from typing import Any
from uuid import uuid4

from courseplatform.testing import Client
from plugins.notifications.delivery import next_sequence
from plugins.notifications.models import Notification

from .accounts import Actor

ALL = "/api/users/notifications/"
PREFERENCES = f"{ALL}preferences/"


def make_notification(client: Client, recipient: Actor, **fields: Any) -> str:
    """A notification; the address of it, ``/api/users/notifications/{id}/``."""
    with client.script() as request:
        values = {"kind": "message", "message": "Hello.", "event_id": uuid4(), "created_at": request.now, **fields}
        values.setdefault("sequence", next_sequence(request, recipient.user_id))
        notification = Notification(recipient_id=recipient.user_id, **values)
        request.db.add(notification)
        request.db.flush()
        return f"{ALL}{notification.id}/"
