"""What other plugins may import from assignments."""

from .audiences import assignment_audience
from .events import (
    AssignmentDatesChanged,
    AssignmentDeleted,
    AssignmentDueSoon,
    AssignmentPointsChanged,
    AssignmentPublished,
)
from .models import Assignment
from .operations import create_assignment, reread_assignment
from .resources import AssignmentItem
