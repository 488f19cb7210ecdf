"""What a view answers, said with ``answer=``: for the Swagger document, and the tests' client that holds it to that."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Page:
    """The list envelope. ``of``: a model, or an ``Answer`` schema where rows have no representation of their own."""

    of: Any


@dataclass(frozen=True)
class Binary:
    """Something that is not JSON: ``Binary("application/pdf")``."""

    content_type: str
