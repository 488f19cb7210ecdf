"""Certificates as JSON: to those concerned, and to the public."""

from typing import Any

from courseplatform.api import Request

from .models import Certificate


def certificate_json(request: Request, certificate: Certificate) -> dict[str, Any]:
    return {
        "id": certificate.id,
        "student_id": certificate.student_id,
        "course_id": certificate.course_id,
        "status": certificate.status,
        "issued_at": certificate.issued_at,
        "verification_code": certificate.verification_code,
        "student_name": certificate.student_name,
        "course_title": certificate.course_title,
        "teacher_name": certificate.teacher_name,
        "revoked_at": certificate.revoked_at,
        "revoked_reason": certificate.revoked_reason,
    }


def verification_json(certificate: Certificate) -> dict[str, Any]:
    """What everyone who holds the code may know: no ids, and not why it was revoked."""
    return {
        "verification_code": certificate.verification_code,
        "status": certificate.status,
        "is_valid": certificate.is_issued,
        "student_name": certificate.student_name,
        "course_title": certificate.course_title,
        "teacher_name": certificate.teacher_name,
        "issued_at": certificate.issued_at,
        "revoked_at": certificate.revoked_at,
    }
