"""Users and how they are signed in."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from courseplatform.api import Base, Timestamped

ROLES = ("student", "teacher", "admin")


class User(Timestamped, Base):
    """A person. An erased one keeps the row, so that grades and certificates stay, but no personal data."""

    __tablename__ = "users"

    username: Mapped[str]
    email: Mapped[str]
    password_hash: Mapped[str | None]
    role: Mapped[str] = mapped_column(default="student")
    first_name: Mapped[str] = mapped_column(default="")
    last_name: Mapped[str] = mapped_column(default="")
    locale: Mapped[str] = mapped_column(default="en")
    timezone: Mapped[str] = mapped_column(default="UTC")
    email_verified_at: Mapped[datetime | None]
    is_active: Mapped[bool] = mapped_column(default=True)
    erased_at: Mapped[datetime | None]

    __table_args__ = (
        Index("uq__users__username", text("lower(username)"), unique=True, info={"conflict": "username_taken"}),
        Index("uq__users__email", text("lower(email)"), unique=True, info={"conflict": "email_taken"}),
        CheckConstraint("role IN ('student', 'teacher', 'admin')", name="role"),
    )

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or self.username


class SignInSession(Timestamped, Base):
    """One sign-in. It ends by logout, password change, deactivation, erasure or a stolen refresh token."""

    __tablename__ = "sessions"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class RefreshToken(Timestamped, Base):
    """A refresh token, as a hash. Used once; a second use long after the first ends the session."""

    __tablename__ = "refresh_tokens"

    session_id: Mapped[UUID] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"), index=True)
    token_sha256: Mapped[str] = mapped_column(unique=True)
    used_at: Mapped[datetime | None]
