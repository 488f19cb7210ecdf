"""What other plugins may import from submissions."""

from .events import SubmissionGraded, SubmissionReturned, SubmissionSubmitted
from .models import GradeChange, Submission
from .operations import grade_submission, submit
from .resources import SubmissionItem
