"""What other plugins may import from certificates."""

from .audiences import certificate_audience
from .events import CertificateIssued, CertificateRevoked
from .models import Certificate
from .operations import issue_certificate
