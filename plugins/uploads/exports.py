"""What an export of the own data says of uploads."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from courseplatform.api import Request

from .models import Upload
from .representations import upload_json


def uploads(request: Request, user_id: UUID) -> list[dict[str, Any]]:
    """Those of the last day; what they were used for is told where it belongs."""
    own = select(Upload).where(Upload.owner_id == user_id).order_by(Upload.id)
    return [upload_json(request, upload) for upload in request.db.scalars(own)]
