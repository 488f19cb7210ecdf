"""What an export of the own data says of certificates."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from courseplatform.api import Request

from .models import Certificate
from .representations import certificate_json


def certificates(request: Request, user_id: UUID) -> list[dict[str, Any]]:
    own = select(Certificate).where(Certificate.student_id == user_id).order_by(Certificate.id)
    return [certificate_json(request, certificate) for certificate in request.db.scalars(own)]
