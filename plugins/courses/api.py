"""What other plugins may import from courses."""

from .audiences import course_audience
from .events import CourseArchived, CourseDeleted, CoursePublished, CourseTeacherAdded, CourseUnpublished
from .models import Course
from .operations import (
    create_course,
    is_named_staff,
    is_staff,
    lock_course,
    named_staff,
    publish_course,
    record_rating,
)
from .resources import CourseItem, staff_principals
from .roles import is_taught_by, teaches
from .schemas import HeadlineAnswer

__all__ = [
    "Course",
    "CourseArchived",
    "CourseDeleted",
    "CourseItem",
    "CoursePublished",
    "CourseTeacherAdded",
    "CourseUnpublished",
    "HeadlineAnswer",
    "course_audience",
    "create_course",
    "is_named_staff",
    "is_staff",
    "is_taught_by",
    "lock_course",
    "named_staff",
    "publish_course",
    "record_rating",
    "staff_principals",
    "teaches",
]
