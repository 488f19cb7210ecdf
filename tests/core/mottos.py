"""A third party's plugin for the tests of shared answers: what it adds to courses, declared and not."""

from typing import Any

from pyramid.config import Configurator
from sqlalchemy import Select, func

from courseplatform.api import Request, Whole, field
from plugins.courses.api import Course


def load(request: Request, rows: list[Any]) -> dict[Any, Any]:
    return {row.id: request.registry["mottos"] for row in rows}


def is_short(statement: Select[Any], value: int) -> Select[Any]:
    return statement.where(func.length(Course.title) <= value)


def includeme(config: Configurator) -> None:
    config.registry["mottos"] = "Sapere aude"
    config.add_extension(Course, "motto", load)
    config.add_extension(Course, "lasting_motto", load, shared=())
    config.add_filter(Course, "max_chars", field(Whole(is_text=True)), is_short)
