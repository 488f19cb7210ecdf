"""What other plugins may import from assignments."""

from .audiences import assignment_audience, may_know_assignment
from .deadlines import announce_moved_dates, assignments_of, deadline_of, due_at_of, hold_dates
from .events import (
    AssignmentDatesChanged,
    AssignmentDeleted,
    AssignmentDueSoon,
    AssignmentPointsChanged,
    AssignmentPublished,
    StudentDatesChanged,
)
from .jobs import announce_due_soon
from .models import Assignment, Deadline
from .operations import create_assignment, reread_assignment
from .resources import AssignmentItem

__all__ = [
    "Assignment",
    "AssignmentDatesChanged",
    "AssignmentDeleted",
    "AssignmentDueSoon",
    "AssignmentItem",
    "AssignmentPointsChanged",
    "AssignmentPublished",
    "Deadline",
    "StudentDatesChanged",
    "announce_due_soon",
    "announce_moved_dates",
    "assignment_audience",
    "assignments_of",
    "create_assignment",
    "deadline_of",
    "due_at_of",
    "hold_dates",
    "may_know_assignment",
    "reread_assignment",
]
