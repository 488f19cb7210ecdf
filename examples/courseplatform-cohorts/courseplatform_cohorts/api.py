"""What other plugins may import from cohorts."""

from .events import CohortDatesMoved
from .models import Cohort
from .resources import CohortItem, Cohorts

__all__ = [
    "Cohort",
    "CohortDatesMoved",
    "CohortItem",
    "Cohorts",
]
