"""Uploads: what a client announced, until it is used."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from courseplatform.api import Base, Bytes, Conflict, Timestamped


class Upload(Timestamped, Base):
    """A file that is announced; ``id`` is its key in the storage. ``token_sha256``: of an address of ours."""

    __tablename__ = "uploads"

    owner_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str]
    size_bytes: Mapped[Bytes]
    sha256: Mapped[str]
    token_sha256: Mapped[str | None]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    consumed_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("size_bytes > 0", name="size_bytes"),
        Index("ix__uploads__owner_id_id", "owner_id", "id"),
    )

    @property
    def announced(self) -> tuple[str, int, str]:
        """Its key, and the bytes that it takes."""
        return str(self.id), self.size_bytes, self.sha256

    def require_open(self, now: datetime) -> None:
        """Raises: Conflict("upload_consumed" | "upload_expired")."""
        if self.consumed_at is not None:
            raise Conflict("upload_consumed")
        if self.expires_at <= now:
            raise Conflict("upload_expired")
