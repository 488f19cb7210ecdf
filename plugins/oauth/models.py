"""Clients, what users consented to, and the tokens that came of it.

A consent owns its grants, a grant its tokens: whatever is deleted takes with it everything that was made beneath.
Secrets, codes and tokens are stored as SHA-256; they are long and random, so that nothing slower is needed.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from courseplatform.api import Base, Timestamped

GRANT_TYPES = ("authorization_code", "refresh_token", "client_credentials")


class OAuthClient(Timestamped, Base):
    """An application. Its id is its ``client_id``; one without a secret is public."""

    __tablename__ = "oauth_clients"

    name: Mapped[str]
    secret_sha256: Mapped[str | None]
    redirect_uris: Mapped[list[str]] = mapped_column(ARRAY(Text))
    grant_types: Mapped[list[str]] = mapped_column(ARRAY(Text))
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))

    @property
    def is_confidential(self) -> bool:
        return self.secret_sha256 is not None


class OAuthConsent(Timestamped, Base):
    """What a user lets a client do. Withdrawn by deletion."""

    __tablename__ = "oauth_consents"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    client_id: Mapped[UUID] = mapped_column(ForeignKey("oauth_clients.id", ondelete="CASCADE"), index=True)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))

    __table_args__ = (
        UniqueConstraint("user_id", "client_id"),
        Index("ix__oauth_consents__user_id_id", "user_id", "id"),
    )


class OAuthGrant(Timestamped, Base):
    """One authorization: its code, and the family of tokens that the code was redeemed for."""

    __tablename__ = "oauth_grants"

    consent_id: Mapped[UUID] = mapped_column(ForeignKey("oauth_consents.id", ondelete="CASCADE"), index=True)
    code_sha256: Mapped[str] = mapped_column(unique=True)
    code_challenge: Mapped[str]
    redirect_uri: Mapped[str]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    nonce: Mapped[str | None]
    authenticated_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    redeemed_at: Mapped[datetime | None]


class OAuthToken(Timestamped, Base):
    """An access or a refresh token. Without a grant it is a client's own, and stands for no user."""

    __tablename__ = "oauth_tokens"

    client_id: Mapped[UUID] = mapped_column(ForeignKey("oauth_clients.id", ondelete="CASCADE"), index=True)
    grant_id: Mapped[UUID | None] = mapped_column(ForeignKey("oauth_grants.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str]
    token_sha256: Mapped[str] = mapped_column(unique=True)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]

    __table_args__ = (CheckConstraint("kind IN ('access', 'refresh')", name="kind"),)


class PersonalToken(Timestamped, Base):
    """A token that a user made for a script. ``last_used_at`` is right to the hour."""

    __tablename__ = "personal_tokens"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str]
    token_sha256: Mapped[str] = mapped_column(unique=True)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]

    __table_args__ = (Index("ix__personal_tokens__user_id_id", "user_id", "id"),)
