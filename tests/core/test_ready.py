"""Questions without SQLAlchemy's work for each statement: the answers and the failures are the same."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy import Uuid, bindparam, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from courseplatform.db import Base
from courseplatform.entities import columns_of, make_entity, read, shape_of
from courseplatform.jobs import PeriodicRun
from courseplatform.ready import Ready
from courseplatform.testing import Client, counted_statements
from plugins.accounts.models import User
from plugins.courses.models import Course, CourseTeacher
from tests.factories.accounts import make_user
from tests.factories.courses import make_course

VALUE: Any = bindparam("value")


@pytest.fixture
def session(committing_client: Client) -> Iterator[Session]:
    session: Session = committing_client.registry["db.session"](True)
    yield session
    session.close()


def ready(client: Client, statement: Any) -> Ready:
    return Ready(statement, client.registry["db.engine"].dialect)


def test_it_answers_what_the_session_would(committing_client: Client, session: Session) -> None:
    parameters = {"value": uuid4(), "now": datetime.now(UTC)}
    statement = select(
        bindparam("value", type_=Uuid()).label("id"),
        bindparam("now", type_=sa.DateTime(timezone=True)).label("at"),
        sa.literal("b").in_(["a", "b"]).label("is_among"),
        sa.cast(sa.literal('{"a": [1]}'), JSONB).label("document"),
        sa.literal("100 %").label("text"),
    )
    expected = tuple(session.execute(statement, parameters).one())
    question = ready(committing_client, statement)
    for _ in range(5):  # and so when it is prepared
        assert tuple(question.first(session, parameters)) == expected
    with counted_statements(committing_client.registry) as statements:
        assert tuple(question.first(session, parameters)) == expected
    assert len(statements) == 1


def test_no_row_is_none(committing_client: Client, session: Session) -> None:
    assert (
        ready(committing_client, select(Course.id).where(Course.id == VALUE)).first(session, {"value": uuid4()}) is None
    )


def test_what_the_server_refuses_is_told_as_the_session_tells_it(committing_client: Client, session: Session) -> None:
    question = ready(committing_client, select(sa.literal(1) / sa.cast(VALUE, sa.Integer)))
    with pytest.raises(DBAPIError) as raised:
        question.first(session, {"value": 0})
    assert getattr(raised.value.orig, "pgcode", None) == "22012" and not raised.value.connection_invalidated
    assert question.first(session, {"value": 1}) == (1,)


def test_a_connection_that_was_cut_is_replaced(committing_client: Client, session: Session) -> None:
    question = ready(committing_client, select(sa.func.pg_backend_pid() + sa.cast(VALUE, sa.Integer)))
    (pid,) = question.first(session, {"value": 0})
    with committing_client.registry["db.engine"].begin() as other:
        other.execute(sa.text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
    with pytest.raises(DBAPIError) as raised:
        question.first(session, {"value": 0})
    assert raised.value.connection_invalidated
    session.rollback()
    assert question.first(session, {"value": 0})[0] != pid


def test_what_was_changed_before_is_seen(client: Client) -> None:
    with client.script() as request:
        request.db.add(PeriodicRun(name="new", last_run_at=request.now))
        assert ready(client, select(PeriodicRun.name).where(PeriodicRun.name == VALUE)).first(
            request.db, {"value": "new"}
        ) == ("new",)


def test_an_entity_made_of_columns_is_what_the_orm_loads(committing_client: Client, session: Session) -> None:
    make_course(committing_client, make_user(committing_client, "teacher"))
    ((entity, title),) = read(session, select(Course, Course.title), Course)
    with committing_client.script() as request:
        loaded = request.db.scalars(select(Course)).one()
    assert title == loaded.title
    for attribute in sa.inspect(Course).column_attrs:
        if not attribute.deferred:
            assert getattr(entity, attribute.key) == getattr(loaded, attribute.key)
    assert isinstance(entity, Course) and entity not in session.identity_map.values()
    assert entity.search_vector is not None  # deferred, and loaded now
    assert session.scalars(select(Course)).one() is entity
    session.expire(entity)  # an entity like others from then on
    assert type(entity) is Course and entity.title == title


def test_rows_of_an_address_are_known_to_the_session_and_those_of_a_page_when_more_is_asked_of_them(
    committing_client: Client, session: Session
) -> None:
    make_course(committing_client, make_user(committing_client, "teacher"))
    ((values,),) = [session.connection().execute(select(*columns_of(Course))).all()]
    session.close()
    course = make_entity(session, Course, values)
    assert make_entity(session, Course, values) is course
    with counted_statements(committing_client.registry) as statements:
        assert session.get(Course, course.id) is course
    assert not statements
    ((teacher,),) = read(session, select(User), User)
    with counted_statements(committing_client.registry) as statements:
        assert session.get(User, teacher.id) is not teacher
    assert len(statements) == 1


def test_a_connection_gives_an_entitys_columns_in_the_order_of_its_shape(client: Client) -> None:
    for model in (mapper.class_ for mapper in Base.registry.mappers):
        with client.script() as request:
            given = list(request.db.connection().execute(select(model).limit(0)).keys())
        columns = sa.inspect(model).columns
        assert [columns[key].name for key in shape_of(model).keys] == given, model


def test_a_row_that_an_outer_join_has_not_found_is_none(session: Session) -> None:
    assert make_entity(session, CourseTeacher, (None,) * len(columns_of(CourseTeacher))) is None


def test_who_may_write_is_given_what_the_session_watches(client: Client) -> None:
    make_course(client, make_user(client, "teacher"))
    with client.script() as request:
        ((entity,),) = read(request.db, select(Course), Course)
        assert entity in request.db
