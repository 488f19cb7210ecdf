"""What an export of the own data says of webhooks."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from courseplatform.api import Request

from .models import Webhook
from .representations import webhook_json


def webhooks(request: Request, user_id: UUID) -> list[dict[str, Any]]:
    """Their addresses, without the secrets: those are known to the receivers."""
    own = select(Webhook).where(Webhook.owner_id == user_id).order_by(Webhook.id)
    return [webhook_json(request, webhook) for webhook in request.db.scalars(own)]
