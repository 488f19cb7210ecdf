"""What happens to certificates."""

from dataclasses import dataclass
from uuid import UUID

from courseplatform.api import Event


@dataclass(frozen=True, kw_only=True)
class CertificateEvent(Event):
    certificate_id: UUID
    course_id: UUID | None  # None: the course is gone
    course_title: str
    student_id: UUID
    by_user_id: UUID | None  # None: the rule


@dataclass(frozen=True, kw_only=True)
class CertificateIssued(CertificateEvent):
    """A certificate was issued, or its revocation was lifted."""

    public_type = "certificate.issued"


@dataclass(frozen=True, kw_only=True)
class CertificateRevoked(CertificateEvent):
    """A certificate was revoked; the rule holds off until that is lifted."""

    public_type = "certificate.revoked"
