"""What other plugins may import from reviews."""

from .models import Review
from .operations import write_review

__all__ = [
    "Review",
    "write_review",
]
