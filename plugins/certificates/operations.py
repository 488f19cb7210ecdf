"""Verbs of certificates."""

import secrets
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from courseplatform.api import Conflict, Fault, Forbidden, Invalid, Request
from plugins.accounts.api import User
from plugins.courses.api import Course, is_staff, is_taught_by
from plugins.enrollments.api import Enrollment, is_enrolled, progress_of, took_part

from .events import CertificateEvent, CertificateIssued, CertificateRevoked
from .models import Certificate, CertificatePdf, Snapshot
from .pdf import discard_pdfs
from .status import retire_place

ERASED_NAME = "Erased user"

#: No 0, 1, I or O: a code survives being read aloud and typed. 5 bits a character.
CODE_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
CODE_GROUPS, CODE_GROUP_CHARS = 5, 4


def require_issuer(request: Request, *, course_id: UUID, identity: Any) -> None:
    """Raises: Forbidden unless ``identity`` is an administrator or teaches the course; alike for an unknown course."""
    if identity.role != "admin" and not is_staff(request, course_id, identity.id):
        raise Forbidden(rule={"field": "course_id"}, missing=["course teacher", "admin"])


def issue_certificate(
    request: Request, *, student_id: UUID, course_id: UUID, by_user_id: UUID | None, override_reason: str = ""
) -> tuple[Certificate, bool]:
    """Issue the certificate of a student and a course, one however many ask: (it, whether this call issued it).

    One that is issued already is given back as it is. ``by_user_id``: None if the rule issues. Emits
    ``CertificateIssued``.
    Raises: Forbidden("own_certificate"); Invalid for an unknown student or course; Conflict("certificate_revoked" |
    "not_enrolled"), and, without ``override_reason``, Conflict("requirements_not_met").
    """
    if by_user_id == student_id:
        raise Forbidden("own_certificate")
    says, was_enrolled = read_snapshot(request, student_id, course_id)
    claim_row(request, student_id, course_id)
    its_row = select(Certificate).where(Certificate.student_id == student_id, Certificate.course_id == course_id)
    certificate = request.db.scalars(its_row.with_for_update(key_share=True)).one()
    if certificate.is_issued:
        return certificate, False
    certificate.require_not_revoked()
    if not was_enrolled:
        raise Conflict("not_enrolled")
    if not override_reason and (percent := progress_of(request, course_id, student_id)["percent"]) < 100:
        raise Conflict("requirements_not_met", percent=percent)
    certificate.issue(request.now, says, by_user_id=by_user_id, override_reason=override_reason)
    request.db.flush()
    tell(request, CertificateIssued, certificate, by_user_id)
    record(request, "certificate.issued", certificate, by_user_id)
    return certificate, True


def read_snapshot(request: Request, student_id: UUID, course_id: UUID) -> tuple[Snapshot, bool]:
    """What the certificate says if issued now, and whether the student ever was enrolled. Raises: Invalid.

    The rows of both are held: an erasure or deletion at the same time comes before and is seen, or after and sees the
    certificate.
    """
    student = request.db.scalars(select(User).where(User.id == student_id).with_for_update(read=True)).one_or_none()
    course = request.db.execute(
        select(Course.title, User, took_part(literal(student_id), Course.id).label("was_enrolled"))
        .join(User, User.id == Course.teacher_id)
        .where(Course.id == course_id)
        .with_for_update(read=True, key_share=True, of=Course)
    ).one_or_none()
    found = {"student_id": student and student.erased_at is None, "course_id": course}
    unknown = [Fault("body", name, "is unknown") for name, value in found.items() if not value]
    if unknown:
        raise Invalid(errors=unknown)
    says = Snapshot(student.full_name, course.title, course.User.full_name, student.locale)
    return says, course.was_enrolled


def claim_row(request: Request, student_id: UUID, course_id: UUID) -> None:
    """Make the row, not issued yet, unless it is there; waits for another who is about to."""
    row = insert(Certificate).values(
        student_id=student_id,
        course_id=course_id,
        status="not_issued",
        verification_code=make_code(),
        student_name="",
        course_title="",
        teacher_name="",
        created_at=request.now,
    )
    request.db.execute(row.on_conflict_do_nothing(index_elements=["student_id", "course_id"]))


def make_code() -> str:
    """A verification code of 100 random bits, as in ``7K2M-XH4Q-9PWD-C3VN-TB6R``."""
    groups = ("".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_GROUP_CHARS)) for _ in range(CODE_GROUPS))
    return "-".join(groups)


def issue_if_earned(request: Request, *, course_id: UUID, student_id: UUID) -> None:
    """The rule: issue to an enrolled student with all done, unless there is a certificate, in whatever status."""
    theirs = select(Certificate.id).where(Certificate.student_id == student_id, Certificate.course_id == course_id)
    is_erased = select(User.id).where(User.id == student_id, User.erased_at.is_not(None))
    if request.db.scalar(theirs) or request.db.scalar(is_erased):
        return
    if not is_enrolled(request, course_id, student_id):
        return
    if progress_of(request, course_id, student_id)["percent"] == 100:
        issue_certificate(request, student_id=student_id, course_id=course_id, by_user_id=None)


def completed_without(course_id: UUID, after_id: UUID | None) -> Select[Any]:
    """SQL: the ids of the students who completed a course and have no certificate of it, in whatever status."""
    has_one = exists().where(Certificate.student_id == Enrollment.student_id, Certificate.course_id == course_id)
    found = select(Enrollment.student_id).where(
        Enrollment.course_id == course_id, Enrollment.status == "completed", ~has_one
    )
    if after_id is not None:
        found = found.where(Enrollment.student_id > after_id)
    return found.order_by(Enrollment.student_id)


def update_certificate(
    request: Request, certificate: Certificate, changes: dict[str, Any], *, by_user_id: UUID
) -> None:
    """A changed ``status`` is the matching verb. Raises: what it raises; Invalid for another student or course."""
    fixed = {"student_id": certificate.student_id, "course_id": certificate.course_id}
    moved = [name for name, value in fixed.items() if changes.get(name, value) != value]
    if moved:
        raise Invalid(errors=[Fault("body", name, "can't be changed") for name in moved])
    status = changes.get("status", certificate.status)
    if status != certificate.status:
        move_to(request, certificate, status, by_user_id=by_user_id)


def move_to(request: Request, certificate: Certificate, status: str, *, by_user_id: UUID) -> None:
    """The verb that leads to ``status``. Raises: what it raises."""
    if status == "revoked":
        revoke_certificate(request, certificate, reason="", by_user_id=by_user_id)
    elif status == "not_issued":
        retire_place(request, certificate)
        certificate.withdraw()
        discard_pdfs(request, CertificatePdf.certificate_id == certificate.id)
        record(request, "certificate.withdrawn", certificate, by_user_id)
    elif certificate.is_revoked:
        lift_revocation(request, certificate, by_user_id=by_user_id)
    elif certificate.course_id is None:
        raise Invalid.field("status", "must not be 'issued': the course is gone")
    else:
        issue_certificate(
            request,
            student_id=certificate.student_id,
            course_id=certificate.course_id,
            by_user_id=by_user_id,
            override_reason=certificate.override_reason,
        )


def revoke_certificate(request: Request, certificate: Certificate, *, reason: str, by_user_id: UUID) -> None:
    """Emits ``CertificateRevoked``. Raises: Conflict("already_revoked" | "certificate_not_issued")."""
    certificate.revoke(request.now, reason)
    request.db.flush()
    tell(request, CertificateRevoked, certificate, by_user_id)
    record(request, "certificate.revoked", certificate, by_user_id)


def lift_revocation(request: Request, certificate: Certificate, *, by_user_id: UUID) -> None:
    """Emits ``CertificateIssued``. Raises: Conflict("not_revoked")."""
    certificate.lift_revocation()
    request.db.flush()
    tell(request, CertificateIssued, certificate, by_user_id)
    record(request, "certificate.revocation_lifted", certificate, by_user_id)


def delete_certificate(request: Request, certificate: Certificate, *, by_user_id: UUID) -> None:
    record(request, "certificate.deleted", certificate, by_user_id)
    retire_place(request, certificate)
    discard_pdfs(request, CertificatePdf.certificate_id == certificate.id)
    request.db.delete(certificate)


def tell(request: Request, event: type[CertificateEvent], certificate: Certificate, by_user_id: UUID | None) -> None:
    request.emit(
        event(
            certificate_id=certificate.id,
            course_id=certificate.course_id,
            course_title=certificate.course_title,
            student_id=certificate.student_id,
            by_user_id=by_user_id,
        )
    )


def record(request: Request, event: str, certificate: Certificate, by_user_id: UUID | None) -> None:
    student_id, course_id = certificate.student_id, certificate.course_id
    request.audit(
        event, user_id=by_user_id, target_user_id=student_id, certificate_id=certificate.id, course_id=course_id
    )


def redact_student(request: Request, student_id: UUID) -> None:
    """Take a leaving student's name off their certificates, and the PDFs with it out of storage. Idempotent."""
    is_theirs = Certificate.student_id == student_id
    request.db.execute(update(Certificate).where(is_theirs).values(student_name=ERASED_NAME))
    # After it: whoever was keeping a PDF of the old name has done so by now, or finds the new one.
    discard_pdfs(request, CertificatePdf.certificate_id.in_(select(Certificate.id).where(is_theirs)))


def visible_to(identity: Any) -> ColumnElement[bool]:
    """SQL: the certificates that the list shows: one's own, those of courses one teaches, all to administrators."""
    if identity.role == "admin":
        return literal(True)
    is_own = Certificate.student_id == identity.id
    if identity.role != "teacher":
        return is_own
    return or_(is_own, is_taught_by(identity.id, Certificate.course_id))


def count_in_course(course_id: UUID) -> Select[Any]:
    """A course with certificates is not deleted, unless by force."""
    return select(func.count()).where(Certificate.course_id == course_id)
