"""Certificates as Open Badges 3.0, which are W3C Verifiable Credentials 2.0: a file that proves itself.

It says what the certificate says, and no ids of people. The same certificate and key give the same bytes.
"""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from urllib.parse import urlsplit

from courseplatform.api import Request
from plugins.accounts.api import lasting_key, platform_did

from .models import Certificate
from .proofs import add_proof
from .status import encode, place_of, read_invalid
from .terms import OPEN_BADGES_CONTEXT, VC_CONTEXT

#: Whoever checks with an older copy of a status list may miss a revocation.
LIST_LIFETIME = timedelta(days=8)
#: Lifting one is the correction of a mistake: to "suspension", the standard's word for what comes and goes, many
#: verifiers don't listen.
PURPOSE = "revocation"
CRITERIA = "All required lessons and assignments of the course were completed, or its teachers decided to award it."


def credential(request: Request, certificate: Certificate) -> dict[str, Any]:
    """The signed credential of a certificate that is issued or revoked. One statement."""
    return add_proof(credential_json(request, certificate), lasting_key(request), platform_did(request))


def credential_json(request: Request, certificate: Certificate) -> dict[str, Any]:
    address = f"{base_url(request)}/api/certificates/{certificate.verification_code}/credential/"
    student = {
        "type": "IdentityObject",
        "hashed": False,
        "identityHash": certificate.student_name,
        "identityType": "name",
    }
    return {
        "@context": [VC_CONTEXT, OPEN_BADGES_CONTEXT],
        "id": address,
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": certificate.course_title,
        "issuer": issuer_json(request),
        "validFrom": moment(certificate.issued_at),
        "credentialSubject": {
            "type": ["AchievementSubject"],
            "identifier": [student],
            "source": {"id": f"{address}#teacher", "type": ["Profile"], "name": certificate.teacher_name},
            "achievement": achievement_json(request, certificate, address),
        },
        "credentialStatus": status_json(request, certificate),
    }


def achievement_json(request: Request, certificate: Certificate, address: str) -> dict[str, Any]:
    course_id = certificate.course_id  # None: the course is gone, what it was called is not
    return {
        "id": f"{base_url(request)}/api/courses/{course_id}/" if course_id else f"{address}#achievement",
        "type": ["Achievement"],
        "achievementType": "CertificateOfCompletion",
        "name": certificate.course_title,
        "description": certificate.course_title,
        "criteria": {"narrative": CRITERIA},
    }


def status_json(request: Request, certificate: Certificate) -> dict[str, Any]:
    list_number, bit = place_of(certificate.status_number)
    address = list_address(request, list_number)
    return {
        "id": f"{address}#{bit}",
        "type": "BitstringStatusListEntry",
        "statusPurpose": PURPOSE,
        "statusListIndex": str(bit),
        "statusListCredential": address,
    }


def status_list(request: Request, list_number: int) -> dict[str, Any]:
    """The signed list of which credentials are not valid, as of now. Two statements. Raises: NotFound."""
    address, today = list_address(request, list_number), datetime.combine(request.now.date(), time.min, UTC)
    document = {
        "@context": [VC_CONTEXT],
        "id": address,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": platform_did(request),
        "validFrom": moment(today),
        "validUntil": moment(today + LIST_LIFETIME),
        "credentialSubject": {
            "id": f"{address}#list",
            "type": "BitstringStatusList",
            "statusPurpose": PURPOSE,
            "encodedList": encode(read_invalid(request, list_number)),
        },
    }
    return add_proof(document, lasting_key(request), platform_did(request))


def issuer_json(request: Request) -> dict[str, Any]:
    name = request.registry.settings["certificates.issuer_name"] or urlsplit(base_url(request)).netloc
    return {"id": platform_did(request), "type": ["Profile"], "name": name, "url": base_url(request)}


def list_address(request: Request, list_number: int) -> str:
    return f"{base_url(request)}/api/status-lists/{list_number}/"


def base_url(request: Request) -> str:
    return str(request.registry.settings["http.base_url"])


def moment(at: datetime | None) -> str:
    """RFC 3339 in whole seconds, which every verifier reads."""
    assert at is not None  # an issued certificate has its moment
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
