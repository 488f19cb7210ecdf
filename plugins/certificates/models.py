"""Certificates: one per student and course, a snapshot of what it says; and the PDFs that are kept of them."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from courseplatform.api import Base, Bytes, Conflict, Timestamped

#: The sequence of ``status_number``.
STATUS_NUMBERS = "certificate_status_numbers"


class Snapshot(NamedTuple):
    """What a certificate says, and the language of its PDF."""

    student_name: str
    course_title: str
    teacher_name: str
    locale: str


class Certificate(Timestamped, Base):
    """``not_issued`` → ``issued`` ⇄ ``revoked``. The names and the title are as they were when it was issued."""

    __tablename__ = "certificates"

    student_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    # A certificate survives even the forced deletion of its course.
    course_id: Mapped[UUID | None] = mapped_column(ForeignKey("courses.id", ondelete="SET NULL"))
    status: Mapped[str] = mapped_column(default="issued")
    verification_code: Mapped[str] = mapped_column(unique=True)
    student_name: Mapped[str]
    course_title: Mapped[str]
    teacher_name: Mapped[str]
    locale: Mapped[str] = mapped_column(default="en", server_default="en")
    issued_at: Mapped[datetime | None]
    issued_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    override_reason: Mapped[str] = mapped_column(default="")
    revoked_at: Mapped[datetime | None]
    revoked_reason: Mapped[str] = mapped_column(default="")
    #: Its place in the status lists.
    status_number: Mapped[int] = mapped_column(
        BigInteger, unique=True, server_default=text(f"nextval('{STATUS_NUMBERS}')")
    )

    __table_args__ = (
        UniqueConstraint("student_id", "course_id", info={"conflict": "certificate_exists"}),
        CheckConstraint("status IN ('not_issued', 'issued', 'revoked')", name="status"),
        Index("ix__certificates__course_id", "course_id", "id"),
        Index("ix__certificates__student_id_id", "student_id", "id"),
        Index("ix__certificates__status_id", "status", "id"),
        Index("ix__certificates__revoked", "status_number", postgresql_where=text("status = 'revoked'")),
    )

    @property
    def is_issued(self) -> bool:
        return self.status == "issued"

    @property
    def is_revoked(self) -> bool:
        return self.status == "revoked"

    @property
    def says(self) -> Snapshot:
        return Snapshot(self.student_name, self.course_title, self.teacher_name, self.locale)

    def issue(self, now: datetime, says: Snapshot, *, by_user_id: UUID | None, override_reason: str) -> None:
        """Make it valid, and say what is true now. Raises: Conflict("certificate_revoked")."""
        self.require_not_revoked()
        self.student_name, self.course_title, self.teacher_name, self.locale = says
        self.status, self.issued_at = "issued", now
        self.issued_by_id, self.override_reason = by_user_id, override_reason

    def require_not_revoked(self) -> None:
        """Raises: Conflict("certificate_revoked")."""
        if self.is_revoked:
            raise Conflict("certificate_revoked", revoked_at=self.revoked_at)

    def withdraw(self) -> None:
        """Back to what was never issued; the row stays, and with it the code."""
        self.status, self.issued_at, self.issued_by_id = "not_issued", None, None
        self.revoked_at, self.revoked_reason = None, ""

    def revoke(self, now: datetime, reason: str) -> None:
        """Raises: Conflict("already_revoked" | "certificate_not_issued")."""
        if self.is_revoked:
            raise Conflict("already_revoked", revoked_at=self.revoked_at)
        if not self.is_issued:
            raise Conflict("certificate_not_issued")
        self.status, self.revoked_at, self.revoked_reason = "revoked", now, reason

    def lift_revocation(self) -> None:
        """Valid again, saying what it said. Raises: Conflict("not_revoked")."""
        if not self.is_revoked:
            raise Conflict("not_revoked", certificate_status=self.status)
        self.status, self.revoked_at, self.revoked_reason = "issued", None, ""


class RetiredPlace(Base):
    """The place in a status list of a credential that was withdrawn or deleted: no longer valid, for ever."""

    __tablename__ = "retired_status_places"

    status_number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)


class CertificatePdf(Base):
    """The PDF that is kept of a certificate. A row of its own: keeping one neither changes nor locks the certificate.

    ``printed_from`` is the hash of what it was printed from: while the certificate says something else, it is stale.
    """

    __tablename__ = "certificate_pdfs"

    certificate_id: Mapped[UUID] = mapped_column(ForeignKey("certificates.id", ondelete="CASCADE"), primary_key=True)
    printed_from: Mapped[str]
    printed_at: Mapped[datetime]
    file_key: Mapped[str] = mapped_column(index=True)
    file_size_bytes: Mapped[Bytes]
    file_sha256: Mapped[str]
