"""Lessons."""

from plugins.lessons.testing import make_lesson

__all__ = ["make_lesson"]
