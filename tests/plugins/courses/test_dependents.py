"""Deleting a course that something hangs on, with the real directive and a dependent of the test's own."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pyramid.config import Configurator
from sqlalchemy import delete, func, select, text

from courseplatform.testing import Client, make_app, rolled_back
from plugins.courses.events import CourseDeleted, CoursePublished
from plugins.courses.models import CourseTeacher
from tests.core.conftest import without_environment
from tests.factories.accounts import Actor, make_user
from tests.factories.courses import add_co_teacher, id_of, make_course

HEARD: list[Any] = []


def count_teachers(course_id: Any) -> Any:
    return select(func.count()).select_from(CourseTeacher).where(CourseTeacher.course_id == course_id)


def count_nothing(course_id: Any) -> Any:
    return select(func.count()).select_from(CourseTeacher).where(text("false"))


def hear(event: Any) -> None:
    HEARD.append(event)
    if isinstance(event, CourseDeleted) and event.is_forced:
        event.request.db.execute(delete(CourseTeacher).where(CourseTeacher.course_id == event.course_id))


def includeme(config: Configurator) -> None:
    config.include("plugins.courses")
    config.add_course_dependent("colleagues", count_teachers)
    config.add_course_dependent("nothings", count_nothing)
    config.add_subscriber(hear, CourseDeleted)
    config.add_subscriber(hear, CoursePublished)


@pytest.fixture(scope="module")
def app(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("dependents")
    with without_environment():
        made = make_app(database_url, folder, **{"courseplatform.plugins": __name__})
    yield made
    made.registry["db.engine"].dispose()


@pytest.fixture
def client(app: Any) -> Iterator[Client]:
    HEARD.clear()
    with rolled_back(app) as (made, _):
        yield made


@pytest.fixture
def course(client: Client, teacher: Actor) -> str:
    made = make_course(client, teacher)
    add_co_teacher(client, made, make_user(client, "teacher"))
    return made


def test_a_course_with_dependents_stays_and_the_refusal_counts_them(
    client: Client, teacher: Actor, course: str
) -> None:
    answer = teacher.delete(course, status=409).json
    assert answer["code"] == "has_dependents"
    assert answer["dependents"] == {"colleagues": 1}
    assert HEARD == []
    client.get(course)


def test_an_administrator_forces_and_subscribers_clear_the_way(client: Client, admin: Actor, course: str) -> None:
    admin.delete(course, status=409)
    admin.delete(f"{course}?force=true")
    admin.get(course, status=404)
    (event,) = HEARD
    assert (str(event.course_id), event.is_forced, event.by_user_id) == (id_of(course), True, admin.user_id)


def test_a_course_without_dependents_goes(client: Client, teacher: Actor) -> None:
    course = make_course(client, teacher)
    teacher.delete(course)
    (event,) = HEARD
    assert event.is_forced is False


def test_publishing_is_told_and_may_be_refused(client: Client, teacher: Actor) -> None:
    course = make_course(client, teacher, "draft")
    assert teacher.put(f"{course}publication/").json["status"] == "published"
    (event,) = HEARD
    assert (str(event.course_id), event.by_user_id) == (id_of(course), teacher.user_id)
    assert teacher.put(f"{course}publication/", status=409).json["code"] == "already_published"


def test_a_status_in_a_body_publishes_too(client: Client, teacher: Actor) -> None:
    course = make_course(client, teacher, "draft")
    teacher.patch(course, {"status": "published"})
    assert len(HEARD) == 1


def test_a_dependent_that_is_just_being_made_is_waited_for_and_counted(app: Any, committing_client: Client) -> None:
    client = Client(app)
    owner, other = (make_user(client, "teacher") for _ in range(2))
    course = make_course(client, owner)
    with ThreadPoolExecutor(1) as thread, app.registry["db.engine"].connect() as connection:
        row = {"course": id_of(course), "user": other.id}
        insert = "INSERT INTO course_teachers (course_id, user_id, added_at) VALUES (:course, :user, now())"
        connection.execute(text(insert), row)
        deleting = thread.submit(owner.call, "DELETE", course)
        time.sleep(0.2)
        assert not deleting.done()
        connection.commit()
        answer = deleting.result()
    assert answer.status_int == 409
    assert answer.json["dependents"] == {"colleagues": 1}
