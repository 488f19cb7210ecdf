"""Who may be told of an account: its user, while it is as it is told."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from courseplatform.api import Request
from plugins.accounts.api import get_active_user


def user_audience(request: Request, user_id: UUID, told: Mapping[str, Any]) -> set[str]:
    user = get_active_user(request, user_id)
    return {"user"} if user is not None and user.role == told["new_role"] else set()
