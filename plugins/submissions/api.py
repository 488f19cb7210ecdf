"""What other plugins may import from submissions."""

from .audiences import may_know_submission, submission_audience
from .events import SubmissionGraded, SubmissionReturned, SubmissionSubmitted
from .grading import grade_submission, return_submission
from .models import GradeChange, Submission
from .operations import submit
from .resources import SubmissionItem
from .uploads import Upload

__all__ = [
    "GradeChange",
    "Submission",
    "SubmissionGraded",
    "SubmissionItem",
    "SubmissionReturned",
    "SubmissionSubmitted",
    "Upload",
    "grade_submission",
    "may_know_submission",
    "return_submission",
    "submission_audience",
    "submit",
]
