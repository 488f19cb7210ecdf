"""What a view may name as its ``answer=``, beside models and ``Answer`` schemas."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Page:
    """The list envelope. ``of``: a model, or an ``Answer`` schema where rows have no representation of their own."""

    of: Any


@dataclass(frozen=True)
class Binary:
    """Something that is not JSON: ``Binary("application/pdf")``; ``"*/*"`` for files of any type."""

    content_type: str


class OneOf:
    """One of several, each as ``answer=`` takes it."""

    def __init__(self, *of: Any) -> None:
        self.of = of
