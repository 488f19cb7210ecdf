"""What happens to accounts."""

from dataclasses import dataclass
from uuid import UUID

from courseplatform.api import Event


@dataclass(frozen=True, kw_only=True)
class UserRoleChanged(Event):
    user_id: UUID
    role: str
    by_user_id: UUID


@dataclass(frozen=True, kw_only=True)
class UserErased(Event):
    """A user's personal data is about to go. Subscribers hand over, redact, or raise to refuse."""

    user_id: UUID
    transfer_to_id: UUID | None
    by_user_id: UUID
