"""Users and how they are signed in."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, func, text
from sqlalchemy.orm import Mapped, mapped_column

from courseplatform.api import Base, Request, Timestamped

ROLES = ("student", "teacher", "admin")
#: What everyone signed in may know of a user.
CARD = ("id", "username", "first_name", "last_name", "role")
MAIL = ("email", "pending_email", "email_verified_at")
FULL = (*CARD, "email", "pending_email", "locale", "timezone", "created_at", "email_verified_at", "is_active")


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
    pending_email: Mapped[str | None]
    email_verified_at: Mapped[datetime | None]
    is_active: Mapped[bool] = mapped_column(default=True)
    erased_at: Mapped[datetime | None]

    __table_args__ = (
        Index("uq__users__username", text("lower(username)"), unique=True, info={"conflict": "username_taken"}),
        Index("uq__users__email", text("lower(email)"), unique=True, info={"conflict": "email_taken"}),
        # Those above are in the order of a language, which is none for looking up beginnings.
        Index("ix__users__username_start", text("lower(username) text_pattern_ops")),
        Index("ix__users__email_start", text("lower(email) text_pattern_ops")),
        CheckConstraint("role IN ('student', 'teacher', 'admin')", name="role"),
    )

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or self.username

    def shown_to(self, caller: Any) -> tuple[str, ...]:
        """The columns that an identity sees: all of them the user and administrators, others a card.

        A program sees of its user what scopes say.
        """
        if caller is None or (caller.id != self.id and (caller.role != "admin" or caller.scopes is not None)):
            return CARD
        is_mail_shown = caller.scopes is None or "email" in caller.scopes
        return tuple(name for name in FULL if is_mail_shown or name not in MAIL)

    def etag_columns(self, request: Request) -> tuple[str, ...]:
        return self.shown_to(request.identity)


class SignInSession(Timestamped, Base):
    """One sign-in. It ends by logout, password change, deactivation, erasure or a stolen refresh token."""

    __tablename__ = "sessions"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime] = mapped_column(server_default=func.now())
    user_agent: Mapped[str] = mapped_column(String(200), server_default="")
    address: Mapped[str] = mapped_column(String(64), server_default="")

    __table_args__ = (Index("ix__sessions__user_id_id", "user_id", "id"),)

    def is_living(self, now: datetime) -> bool:
        return self.ended_at is None and self.expires_at > now


class RefreshToken(Timestamped, Base):
    """A refresh token, as a hash. Used once; a second use long after the first ends the session."""

    __tablename__ = "refresh_tokens"

    session_id: Mapped[UUID] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"), index=True)
    token_sha256: Mapped[str] = mapped_column(unique=True)
    used_at: Mapped[datetime | None]


class SigningKey(Base):
    """A key that signs tokens until it is retired, and verifies them until it expires.

    The private key is sealed with ``accounts.token_secret``, and the public one is derived from it: without the secret
    nobody can add a key of their own here. ``secret_id`` tells under which secret it was sealed. A lasting key has its
    public half sealed as well: what stays, and still verifies, when it has expired and its private half is destroyed.
    """

    __tablename__ = "signing_keys"

    kid: Mapped[str] = mapped_column(primary_key=True)
    algorithm: Mapped[str]
    secret_id: Mapped[str]
    sealed_private_key: Mapped[bytes | None]
    sealed_public_key: Mapped[bytes | None]
    created_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]

    __table_args__ = (
        # However many processes start at once, one key of a kind signs.
        Index(
            "uq__signing_keys__signer",
            "algorithm",
            "secret_id",
            unique=True,
            postgresql_where=text("retired_at IS NULL"),
        ),
        CheckConstraint("(retired_at IS NULL) = (expires_at IS NULL)", name="retired_keys_expire"),
        CheckConstraint("coalesce(sealed_private_key, sealed_public_key) IS NOT NULL", name="has_a_half"),
        CheckConstraint("retired_at IS NOT NULL OR sealed_private_key IS NOT NULL", name="signer_has_private"),
    )


class EmailToken(Timestamped, Base):
    """The token of a link that was mailed to ``email``, as a hash. Used once."""

    __tablename__ = "email_tokens"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    purpose: Mapped[str]
    token_sha256: Mapped[str] = mapped_column(unique=True)
    email: Mapped[str]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]

    __table_args__ = (
        # Of two mails that are made at the same time, the second waits and is made again.
        Index("uq__email_tokens__unused", "user_id", "purpose", unique=True, postgresql_where=text("used_at IS NULL")),
        CheckConstraint("purpose IN ('verify', 'reset', 'change')", name="purpose"),
    )
