"""The directive ``add_course_dependent``: whose rows forbid that a course is deleted."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy import select

from courseplatform.api import Configurator, Request


def add_course_dependent(config: Configurator, name: str, count: Callable[[UUID], Any]) -> None:
    """``count(course_id)``: a scalar SELECT of how many rows hang on the course. Named so in ``has_dependents``."""
    count = config.maybe_dotted(count)
    config.action(("course dependent", name), lambda: config.registry["courses.dependents"].update({name: count}))


def count_dependents(request: Request, course_id: UUID) -> dict[str, int]:
    """How many rows hang on the course, by name and without zeros, in one statement."""
    counts = {name: count(course_id) for name, count in request.registry["courses.dependents"].items()}
    if not counts:
        return {}
    row = request.db.execute(select(*(c.scalar_subquery().label(name) for name, c in counts.items()))).one()
    return {name: value for name, value in row._asdict().items() if value}


def includeme(config: Configurator) -> None:
    config.registry["courses.dependents"] = {}
    config.add_directive("add_course_dependent", add_course_dependent)
