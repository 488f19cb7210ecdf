"""What an export of the own data says of linked identities."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from courseplatform.api import Request

from .models import ExternalIdentity
from .representations import identity_json


def identities(request: Request, user_id: UUID) -> list[dict[str, Any]]:
    own = select(ExternalIdentity).where(ExternalIdentity.user_id == user_id).order_by(ExternalIdentity.id)
    return [identity_json(request, identity) for identity in request.db.scalars(own)]
