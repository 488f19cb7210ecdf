"""What happens to accounts."""

from dataclasses import dataclass
from uuid import UUID

from courseplatform.api import Event


@dataclass(frozen=True, kw_only=True)
class UserRoleChanged(Event):
    public_type, public_fields = "user.role_changed", ("role",)

    user_id: UUID
    role: str
    by_user_id: UUID


@dataclass(frozen=True, kw_only=True)
class UserErased(Event):
    """An account is about to be erased. Subscribers hand over, or raise to refuse; they redact at ``UserForgotten``."""

    public_type = "user.erased"

    user_id: UUID
    transfer_to_id: UUID | None
    by_user_id: UUID


@dataclass(frozen=True, kw_only=True)
class SessionsEnded(Event):
    """All of a user's sessions ended, by a new password or deactivation. What programs hold ends too."""

    user_id: UUID


@dataclass(frozen=True, kw_only=True)
class PasswordChanged(Event):
    """By its user, or, ``is_reset``, by whoever reads the user's mail. All sessions have ended."""

    user_id: UUID
    is_reset: bool


@dataclass(frozen=True, kw_only=True)
class UserForgotten(Event):
    """An account was erased; what else is kept of the person goes now: in a job, as many plugins know something."""

    user_id: UUID
