"""What other plugins may import from lessons."""

from .audiences import lesson_audience
from .events import LessonPublished
from .models import Lesson
from .operations import complete_lesson, create_lesson
from .resources import LessonItem, Lessons
