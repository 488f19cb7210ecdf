"""The PDF of a certificate: printed by a job, kept in storage, and never served once the certificate says otherwise.

Printing holds no lock. What was printed is kept only if the certificate, locked then, still says the same: a name that
is erased meanwhile stays nowhere.
"""

from io import BytesIO
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select

from courseplatform.api import NotFound, Request

from .models import Certificate, CertificatePdf
from .printing import fingerprint, print_pdf, wording


def words_of(request: Request, certificate: Certificate) -> dict[str, str] | None:
    """All that stands on its PDF; None while it isn't issued."""
    if not certificate.is_issued:
        return None
    settings, code = request.registry.settings, certificate.verification_code
    address = settings["certificates.verification_url"].format(base_url=settings["http.base_url"], code=code)
    return wording(certificate.says, code=code, address=address, issued_at=certificate.issued_at)


def source_of(request: Request, certificate: Certificate | None) -> str | None:
    """The hash of what its PDF would be printed from now; None while there is nothing to print."""
    words = words_of(request, certificate) if certificate is not None else None
    return fingerprint(words, request.registry.settings["certificates.font_paths"]) if words else None


def print_now(request: Request, certificate: Certificate) -> bytes:
    words = words_of(request, certificate)
    return print_pdf(words, request.registry.settings["certificates.font_paths"])


def find_pdf(request: Request, certificate: Certificate) -> CertificatePdf | None:
    """The kept PDF, if it says what the certificate says.

    Raises: NotFound for a certificate that isn't issued; Conflict("certificate_revoked").
    """
    certificate.require_not_revoked()
    source = source_of(request, certificate)
    if source is None:
        raise NotFound()
    kept = request.db.get(CertificatePdf, certificate.id)
    return kept if kept is not None and kept.printed_from == source else None


def keep_pdf(request: Request, certificate_id: UUID) -> None:
    """Print the PDF of an issued certificate and keep it, unless the kept one says the same. Idempotent."""
    certificate = request.db.get(Certificate, certificate_id)
    source = source_of(request, certificate)
    kept = request.db.get(CertificatePdf, certificate_id)
    if source is None or (kept is not None and kept.printed_from == source):
        return
    content = print_now(request, certificate)
    stored = request.save_file(BytesIO(content), len(content))
    if source != source_of(request, lock_certificate(request, certificate_id)):
        request.delete_file(stored.key)
        return
    discard_pdfs(request, CertificatePdf.certificate_id == certificate_id)
    pdf = CertificatePdf(
        certificate_id=certificate_id,
        printed_from=source,
        printed_at=request.now,
        file_key=stored.key,
        file_size_bytes=stored.size_bytes,
        file_sha256=stored.sha256,
    )
    request.db.add(pdf)


def lock_certificate(request: Request, certificate_id: UUID) -> Certificate | None:
    """The row as it is now, held against whoever prints, redacts or deletes it."""
    its_row = select(Certificate).where(Certificate.id == certificate_id).with_for_update(key_share=True)
    return request.db.scalars(its_row, execution_options={"populate_existing": True}).one_or_none()


def discard_pdfs(request: Request, which: ColumnElement[bool]) -> None:
    """Forget kept PDFs; their files go after the commit. Idempotent."""
    gone: Any = delete(CertificatePdf).where(which).returning(CertificatePdf.file_key)
    for key in request.db.scalars(gone.execution_options(synchronize_session="fetch")):
        request.delete_file(key)
