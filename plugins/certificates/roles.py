"""Who teaches the course of a certificate, as SQL."""

from typing import Any

from sqlalchemy import ColumnElement, exists, select

from plugins.courses.api import teaches

from .models import Certificate


def teaches_its_course(user_id: Any, certificate_id: Any) -> ColumnElement[bool]:
    """Who teaches its course; nobody, once that is gone."""
    return exists(
        select(Certificate.id).where(Certificate.id == certificate_id, teaches(user_id, Certificate.course_id))
    )
