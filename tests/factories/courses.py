"""Courses."""

from courseplatform.testing import id_of
from plugins.courses.testing import add_co_teacher, make_course

__all__ = ["add_co_teacher", "id_of", "make_course"]
