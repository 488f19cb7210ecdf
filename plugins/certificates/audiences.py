"""Who may be told of a certificate: its student, while it is as it is told."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select

from courseplatform.api import Request

from .models import Certificate


def certificate_audience(request: Request, certificate_id: UUID, told: Mapping[str, Any]) -> set[str]:
    """Nobody if it is gone or has another status by now."""
    status = request.db.scalar(select(Certificate.status).where(Certificate.id == certificate_id))
    return {"student"} if status == told["status"] else set()
