"""Enrollments."""

from plugins.enrollments.testing import enrol

__all__ = ["enrol"]
