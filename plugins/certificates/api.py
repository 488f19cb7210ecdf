"""What other plugins may import from certificates."""

from .audiences import certificate_audience
from .events import CertificateIssued, CertificateRevoked
from .models import Certificate
from .operations import issue_certificate

__all__ = [
    "Certificate",
    "CertificateIssued",
    "CertificateRevoked",
    "certificate_audience",
    "issue_certificate",
]
