"""A plugin for the tests of core that extends courses: their level and a tag, in and out, to filter and to order by.

Its table is of no model, so that it is not in anybody's migrations: ``make_tables`` makes it within a test.
"""

from typing import Any

from pyramid.config import Configurator
from sqlalchemy import Column, Integer, MetaData, Select, Table, Uuid, delete, func, select, text
from sqlalchemy import Text as TextColumn
from sqlalchemy.dialects.postgresql import insert

from courseplatform.api import Allow as May
from courseplatform.api import (
    Anything,
    Body,
    Choice,
    Collection,
    Conflict,
    Everyone,
    Forbidden,
    Invalid,
    Item,
    ListQuery,
    Request,
    Service,
    Text,
    Whole,
    field,
)
from courseplatform.jobs import OutboxJob
from plugins.courses.api import Course

LEVELS = Table(
    "course_levels",
    MetaData(),
    Column("course_id", Uuid, primary_key=True),
    Column("level", Integer, nullable=False),
    Column("note", TextColumn, nullable=False, server_default=""),
    Column("tag", TextColumn),
)


def make_tables(request: Request) -> None:
    request.db.execute(
        text(
            "CREATE TABLE course_levels (course_id uuid PRIMARY KEY REFERENCES courses, "
            "level integer NOT NULL DEFAULT 1, note text NOT NULL DEFAULT '', tag text)"
        )
    )


class LevelBody(Body):
    nullable = True
    level = field(Whole(1, 9), description="1 for beginners.")
    note = field(Text(20), missing="")


def load_levels(request: Request, rows: list[Any]) -> dict[Any, Any]:
    found = request.db.execute(select(LEVELS).where(LEVELS.c.course_id.in_([row.id for row in rows])))
    return {row.course_id: {"level": row.level, "note": row.note} for row in found}


def store_level(request: Request, row: Any, value: dict[str, Any] | None) -> None:
    if value is None:
        request.db.execute(delete(LEVELS).where(LEVELS.c.course_id == row.id))
        return
    match value.get("level"):
        case 7:
            raise Conflict()
        case 8:
            raise Invalid.field("extensions.level.level", "is not taught here")
        case 9:
            raise Forbidden()
    put(request, row, **value)


def load_tags(request: Request, rows: list[Any]) -> dict[Any, Any]:
    found = request.db.execute(select(LEVELS).where(LEVELS.c.course_id.in_([row.id for row in rows])))
    return {row.course_id: row.tag for row in found}


def store_tag(request: Request, row: Any, value: str) -> None:
    put(request, row, tag=value)


def put(request: Request, row: Any, **values: Any) -> None:
    request.registry.setdefault("levels.stored", []).append(values)
    statement = insert(LEVELS).values(course_id=row.id, **values)
    request.db.execute(statement.on_conflict_do_update(index_elements=["course_id"], set_=values))


def has_level(statement: Select[Any], value: int) -> Select[Any]:
    return statement.where(
        select(LEVELS).where(LEVELS.c.course_id == Course.id, LEVELS.c.level == value).correlate(Course).exists()
    )


def taught_by(statement: Select[Any], word: str, request: Any) -> Select[Any]:
    """``?taught_by=me``; of anonymous callers it is nothing."""
    return statement.where(Course.teacher_id == (request.identity and request.identity.id))


def join_levels(statement: Select[Any]) -> Select[Any]:
    return statement.outerjoin(LEVELS, LEVELS.c.course_id == Course.id)


class JobItem(Item):
    """``/sandbox/silent/{job_id}``"""

    model, kind = OutboxJob, "job"


class Silent(Collection):
    """``/sandbox/silent``: views that do nothing with what they are given."""

    item = JobItem
    __acl__ = [(May, Everyone, "sandbox:use")]


class Named(Body):
    name = field(Text(20))


silent = Service("silent", "/sandbox/silent/")


@silent.get(permission="sandbox:use", query=ListQuery, answer=Anything)
@silent.post(permission="sandbox:use", body=Named, answer=Anything, status=200)
def say_nothing(request: Request) -> Any:
    """Forgets to represent, and to paginate."""
    request.db.execute(text("SELECT 1"))
    return {}


one = Service("one_of_two", "/sandbox/silent/{job_id}/")


@one.put(permission="sandbox:use", body=Named, answer=Anything)
def show_two(request: Request) -> Any:
    """Represents another row before its own."""
    other = request.db.scalars(select(OutboxJob).where(OutboxJob.id != request.context.row.id)).one()
    return {"other": request.represent(other), "own": request.represent(request.context.row)}


def store_word(request: Request, row: Any, value: str) -> None:
    request.registry["levels.stored"].append(row.id)


def nothing(request: Request, rows: list[Any]) -> dict[Any, Any]:
    return {}


def includeme(config: Configurator) -> None:
    config.include("plugins.courses")
    config.include("tests.core.sandbox")
    here = "tests.core.levels"
    config.add_extension(
        Course, "level", f"{here}.load_levels", schema=f"{here}.LevelBody", store=f"{here}.store_level"
    )
    config.add_extension(Course, "tag", load_tags, schema=Text(20, min_chars=1), store=store_tag)
    config.add_filter(Course, "level", field(Whole(1, 9, is_text=True), description="Of this level."), has_level)
    config.add_filter(Course, "taught_by", field(Choice("me")), taught_by)
    level = select(LEVELS.c.level).where(LEVELS.c.course_id == Course.id).correlate(Course).scalar_subquery()
    config.add_ordering(Course, "level", func.coalesce(level, 0))
    config.add_ordering(Course, "bare", level)  # NULL for a course without
    config.add_ordering(Course, "note", func.coalesce(LEVELS.c.note, ""), join=join_levels)
    config.add_ordering(Course, "title", Course.title)
    config.add_resource_node("tests.core.sandbox.Sandbox", "silent", Silent)
    config.add_extension(OutboxJob, "word", nothing, schema=Text(20), store=store_word)
    config.add_representation(OutboxJob, lambda request, row: {"id": row.id})
    config.add_filter(OutboxJob, "word", field(Text(20)), lambda statement, value: statement)
    config.add_ordering(OutboxJob, "due_at", OutboxJob.due_at)
    config.scan(here)
