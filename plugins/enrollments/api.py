"""What other plugins may import from enrollments."""

from .events import CompletionConfirmed, CourseCompleted, RequirementsChanged, StudentEnrolled, StudentLeft
from .models import ENROLLED, Enrollment
from .operations import enrol, is_enrolled, lock_enrollments, recheck_course
from .progress import nearly_done, percents_of, progress_of, refresh_progress
from .resources import EnrollmentItem, Enrollments
from .roles import studies, took_part
from .schemas import ProgressAnswer
