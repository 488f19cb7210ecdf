"""Identities that providers vouch for, and sign-ins that are under way."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from courseplatform.api import Base, Timestamped


class ExternalIdentity(Timestamped, Base):
    """A person at a provider. ``issuer`` and ``subject`` alone say who; the rest is for people to recognise it by."""

    __tablename__ = "external_identities"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    issuer: Mapped[str]
    subject: Mapped[str]
    provider: Mapped[str]
    email: Mapped[str | None]
    last_used_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("issuer", "subject", info={"conflict": "identity_taken"}),
        Index("ix__external_identities__user_id_id", "user_id", "id"),
    )


class OidcLogin(Timestamped, Base):
    """A sign-in between our redirect and the provider's. Used once, by the browser that began it.

    ``session_id``: of the user who links an identity; null for a sign-in.
    """

    __tablename__ = "oidc_logins"

    state_sha256: Mapped[str] = mapped_column(unique=True)
    browser_sha256: Mapped[str]
    provider: Mapped[str]
    nonce: Mapped[str]
    code_verifier: Mapped[str]
    redirect_uri: Mapped[str]
    session_id: Mapped[UUID | None] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"), index=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
