"""``…/credential/``: a certificate as a file that proves itself; ``/status-lists/{list_number}/``: the revoked ones."""

from typing import Any

from courseplatform.api import Anything, NotFound, Request, Service, set_body_etag

from . import credentials
from .models import Certificate
from .permissions import P

credential = Service(
    "certificate_credential",
    "/users/certificates/{certificate_id}/credential/",
    facet_of="/users/certificates/{certificate_id}/",
)
public_credential = Service(
    "certificate_public_credential",
    "/certificates/{verification_code}/credential/",
    facet_of="/certificates/{verification_code}/",
)
status_list = Service("status_list", r"/status-lists/{list_number:\d{1,9}}/")

#: A revocation is seen by those who ask through a cache within this time.
MAX_AGE_S = 300


@credential.get(permission=P.VIEW, answer=Anything)
def show_credential(request: Request) -> Any:
    """The certificate as an Open Badge 3.0, signed: keep the file, anyone can verify it with the published keys alone.

    A revoked one is still there; its status list says that it is revoked. 404 unless it is issued or revoked.
    """
    return send(request, request.context.row)


@public_credential.get(permission=P.VERIFY, answer=Anything)
def show_public_credential(request: Request) -> Any:
    """The same file, to anyone who holds the certificate's code."""
    return send(request, request.context.row)


@status_list.get(permission=P.VERIFY, answer=Anything)
def show_status_list(request: Request) -> Any:
    """Which credentials are no longer valid, one bit each, signed: a W3C Bitstring Status List, up to date."""
    request.response.headers["Cache-Control"] = f"public, max-age={MAX_AGE_S}"
    return set_body_etag(request, credentials.status_list(request, request.context.number))


def send(request: Request, certificate: Certificate) -> dict[str, Any]:
    """Raises: NotFound for one that was never issued, or is withdrawn."""
    if certificate.status == "not_issued":
        raise NotFound()
    name = f"certificate-{certificate.verification_code}.json"
    request.response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return set_body_etag(request, credentials.credential(request, certificate))
