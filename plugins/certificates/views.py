"""``/users/certificates/`` and the public ``/certificates/{verification_code}/``"""

from typing import Any

from sqlalchemy import select

from courseplatform.api import PreconditionRequired, Request, Service, set_body_etag

from . import operations
from .models import Certificate
from .permissions import P
from .representations import verification_json
from .schemas import CertificateBody, CertificateList, NewCertificate, Revocation, VerificationAnswer

certificates = Service("certificates", "/users/certificates/")
certificate = Service("certificate", "/users/certificates/{certificate_id}/")
revocation = Service(
    "certificate_revocation",
    "/users/certificates/{certificate_id}/revocation/",
    facet_of="/users/certificates/{certificate_id}/",
)
verification = Service("certificate_verification", "/certificates/{verification_code}/")


@certificates.get(permission=P.LIST, query=CertificateList)
def list_certificates(request: Request) -> Any:
    """Your certificates and those of the courses you teach, newest first; administrators see all."""
    asked = request.validated["querystring"]
    found = select(Certificate).where(operations.visible_to(request.identity))
    for name in ("course_id", "student_id", "status"):
        if asked[name]:
            found = found.where(getattr(Certificate, name) == asked[name])
    return request.paginate(found, order=(Certificate.id,))


@certificates.post(permission=P.ISSUE, body=NewCertificate, status=(200, 201))
def issue_certificate(request: Request) -> Any:
    """Issue a certificate by hand: 201, or 200 with the one that is issued already. What it says is fixed from now on.

    403 unless you teach the course, and ``own_certificate`` for yourself; 409 ``not_enrolled``,
    ``certificate_revoked``; 409 ``requirements_not_met``, which ``override_reason`` overrules.
    """
    values, identity = request.validated["body"], request.identity
    operations.require_issuer(request, course_id=values["course_id"], identity=identity)
    row, is_new = operations.issue_certificate(request, by_user_id=identity.id, **values)
    body = request.created(row)
    if not is_new:
        request.response.status_int = 200
    return body


@certificate.get(permission=P.VIEW)
def show_certificate(request: Request) -> Any:
    """One certificate: to its student, the teachers of its course and administrators; 404 to others."""
    return request.represent(request.context.row)


@certificate.put(permission=P.EDIT, body=CertificateBody)
@certificate.patch(permission=P.EDIT, body=CertificateBody)
def update_certificate(request: Request) -> Any:
    """Move a certificate to another ``status``; the same one is no change. Student and course can't be changed (422).

    ``revoked`` needs If-Match (428) and an issued certificate (409 ``certificate_not_issued``); to give a reason use
    ``revocation/``. ``not_issued`` withdraws it, as if it had never been issued; the rule doesn't issue it again.
    ``issued`` lifts a revocation, or issues a withdrawn one anew, with the names of today: 409 ``not_enrolled``,
    ``requirements_not_met``, unless it was issued with an ``override_reason`` before; 422 if its course is gone.
    """
    row, values = request.context.row, request.validated["body"]
    if values.get("status") == "revoked" and "If-Match" not in request.headers:
        raise PreconditionRequired()
    operations.update_certificate(request, row, values, by_user_id=request.identity.id)
    return request.represent(row)


@certificate.delete(permission=P.EDIT)
def delete_certificate(request: Request) -> Any:
    """Delete a certificate; its code is unknown from now on. To say that it is no longer valid, revoke it instead."""
    operations.delete_certificate(request, request.context.row, by_user_id=request.identity.id)
    return request.no_content()


@revocation.put(permission=P.EDIT, body=Revocation, if_match="required")
def revoke_certificate(request: Request) -> Any:
    """Revoke a certificate: it stays, saying so, and the rule issues no other. If-Match is required (428).

    409 ``already_revoked``, ``certificate_not_issued``.
    """
    row = request.context.row
    operations.revoke_certificate(request, row, by_user_id=request.identity.id, **request.validated["body"])
    return request.represent(row)


@revocation.delete(permission=P.EDIT, answer=Certificate)
def lift_revocation(request: Request) -> Any:
    """Make a revoked certificate valid again, saying what it said. 409 ``not_revoked``."""
    row = request.context.row
    operations.lift_revocation(request, row, by_user_id=request.identity.id)
    return request.represent(row)


@verification.get(permission=P.VERIFY, answer=VerificationAnswer)
def verify(request: Request) -> Any:
    """Whether a certificate is genuine and valid, to anyone who holds its code; also says that it was revoked."""
    return set_body_etag(request, verification_json(request.context.row))
