"""What other plugins may import from lessons."""

from .events import LessonPublished
from .models import Lesson
from .operations import complete_lesson, create_lesson
from .resources import LessonItem, Lessons
