"""What an export of the own data says of notifications."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from courseplatform.api import Request

from .models import Notification
from .preferences import preferences_json, stored_preferences
from .representations import notification_json


def notifications(request: Request, user_id: UUID) -> list[dict[str, Any]]:
    own = select(Notification).where(Notification.recipient_id == user_id).order_by(Notification.id)
    return [notification_json(request, notification) for notification in request.db.scalars(own)]


def preferences(request: Request, user_id: UUID) -> dict[str, Any]:
    return preferences_json(request, stored_preferences(request, user_id))
