"""Notifications as JSON."""

from typing import Any

from courseplatform.api import Request

from .models import Notification


def notification_json(request: Request, notification: Notification) -> dict[str, Any]:
    return {
        "id": notification.id,
        "recipient_id": notification.recipient_id,
        "message": notification.message,
        "kind": notification.kind,
        "subject": notification.subject,
        "sequence": notification.sequence,
        "is_read": notification.is_read,
        "created_at": notification.created_at,
    }
