"""What ``/metrics`` says of certificates. From the database: mostly it is a worker that issues them."""

from collections.abc import Iterator
from typing import Any

from prometheus_client.core import CounterMetricFamily
from sqlalchemy import case, column, func, select, table

from courseplatform.api import Request, gauge

from .models import STATUS_NUMBERS, Certificate

#: Each certificate takes a number, once, from 0 on; asking the sequence takes the same time however many there are.
numbers = table(STATUS_NUMBERS, column("is_called"), column("last_value"))
GIVEN = select(case((numbers.c.is_called, numbers.c.last_value + 1), else_=0))


def certificate_figures(request: Request) -> Iterator[Any]:
    """How many were ever issued (one that was refused at the last moment counts too), and how many are revoked."""
    given = request.db.scalar(GIVEN)
    yield CounterMetricFamily("courseplatform_certificates_issued", "Certificates issued.", value=given)
    revoked = select(func.count()).select_from(Certificate).where(Certificate.status == "revoked")
    yield gauge("courseplatform_certificates_revoked", "Certificates that are revoked.", request.db.scalar(revoked))
