"""What other plugins may import from assignments."""

from .events import AssignmentDatesChanged, AssignmentDueSoon, AssignmentPublished
from .models import Assignment
from .operations import create_assignment
from .resources import AssignmentItem
