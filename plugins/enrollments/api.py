"""What other plugins may import from enrollments."""

from .events import CompletionConfirmed, CourseCompleted, RequirementsChanged, StudentEnrolled, StudentLeft
from .models import ENROLLED, Enrollment
from .operations import enrol, is_enrolled, lock_enrollments, recheck_course
from .progress import nearly_done, percents_of, progress_of, refresh_progress
from .resources import EnrollmentItem, Enrollments
from .roles import studies, took_part
from .schemas import ProgressAnswer

__all__ = [
    "ENROLLED",
    "CompletionConfirmed",
    "CourseCompleted",
    "Enrollment",
    "EnrollmentItem",
    "Enrollments",
    "ProgressAnswer",
    "RequirementsChanged",
    "StudentEnrolled",
    "StudentLeft",
    "enrol",
    "is_enrolled",
    "lock_enrollments",
    "nearly_done",
    "percents_of",
    "progress_of",
    "recheck_course",
    "refresh_progress",
    "studies",
    "took_part",
]
