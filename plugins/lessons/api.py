"""What other plugins may import from lessons."""

from .audiences import lesson_audience, may_know_lesson
from .events import LessonPublished
from .filters import meant_for
from .models import Lesson
from .operations import complete_lesson, create_lesson
from .resources import LessonItem, Lessons

__all__ = [
    "Lesson",
    "LessonItem",
    "LessonPublished",
    "Lessons",
    "complete_lesson",
    "create_lesson",
    "lesson_audience",
    "may_know_lesson",
    "meant_for",
]
