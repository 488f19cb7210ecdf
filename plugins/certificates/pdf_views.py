"""``/users/certificates/{certificate_id}/pdf/``"""

from typing import Any

from courseplatform.api import Binary, Request, Service

from . import pdf
from .permissions import P

download = Service(
    "certificate_pdf",
    "/users/certificates/{certificate_id}/pdf/",
    facet_of="/users/certificates/{certificate_id}/",
)


@download.get(permission=P.VIEW, answer=Binary("application/pdf"))
def download_pdf(request: Request) -> Any:
    """The certificate as a PDF in its student's language, with a QR code of the address that verifies it.

    404 for one that is not issued; 409 ``certificate_revoked``: what would be handed on looks valid.
    """
    certificate = request.context.row
    kept = pdf.find_pdf(request, certificate)
    name = f"certificate-{certificate.verification_code}.pdf"
    if kept is not None:
        try:
            return request.send_file(kept.file_key, name=name, size_bytes=kept.file_size_bytes, sha256=kept.file_sha256)
        except FileNotFoundError:  # lost, or replaced since the row was read
            pass
    return request.send_bytes(pdf.print_now(request, certificate), name=name)
