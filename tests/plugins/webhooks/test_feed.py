"""``GET /api/events/``: pulled from a sequence on."""

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from courseplatform.testing import Client, counted_statements, make_app, rolled_back
from plugins.accounts.models import User
from plugins.courses.events import CourseArchived, CourseUnpublished
from plugins.webhooks.jobs import purge_events
from tests.factories.accounts import Actor, make_user
from tests.factories.courses import add_co_teacher, id_of, make_course
from tests.factories.many import fill
from tests.factories.oauth import make_personal_token
from tests.plugins.webhooks.conftest import EVENTS, School


def sequences(actor: Client, query: str = "") -> list[int]:
    return [event["sequence"] for event in actor.get(f"{EVENTS}?{query}").json["results"]]


def happen_elsewhere(school: School) -> None:
    school.happen(course_id=UUID(id_of(school.other_course)))


def test_the_feed_goes_on_after_what_one_has(school: School) -> None:
    school.happen(5)
    school.run()
    page = school.admin.get(f"{EVENTS}?limit=2").json
    assert [event["sequence"] for event in page["results"]] == [1, 2]
    assert set(page["results"][0]) == {"id", "sequence", "type", "timestamp", "course_id", "actor_id", "data"}
    assert page["previous"] is None
    page = school.admin.get(page["next"]).json
    assert [event["sequence"] for event in page["results"]] == [3, 4]
    page = school.admin.get(page["next"]).json
    assert ([event["sequence"] for event in page["results"]], page["next"]) == ([5], None)
    assert sequences(school.admin, "after=5") == []
    school.happen()
    assert sequences(school.admin, "after=5") == [], "what has no number yet is not shown"
    school.run()
    assert sequences(school.admin, "after=5") == [6]


def test_next_keeps_the_filters(school: School) -> None:
    school.happen(3)
    school.run()
    page = school.admin.get(f"{EVENTS}?limit=1&type=course.archived&course_id={school.course_id}").json
    assert "type=course.archived" in page["next"] and f"course_id={school.course_id}" in page["next"]
    assert school.admin.get(page["next"]).json["results"][0]["sequence"] == 2


def test_types_are_filtered_by_those_that_are_known(school: School) -> None:
    school.happen()
    with school.client.script() as request:
        request.emit(CourseUnpublished(course_id=school.course_id, by_user_id=school.owner.user_id))
    school.run()
    assert sequences(school.admin, "type=course.unpublished") == [2]
    assert sequences(school.admin, "type=lesson.published") == []
    refusal = school.admin.get(f"{EVENTS}?type=course.exploded", status=422).json
    assert refusal["errors"][0]["location"] == "querystring"
    assert "course.published" in refusal["errors"][0]["detail"]
    assert "exploded" not in str(refusal)


@pytest.mark.parametrize("query", ["after=-1", "after=x", "after=9007199254740992", "limit=0", "limit=101", "cursor=x"])
def test_what_is_no_sequence_is_refused(query: str, school: School) -> None:
    school.admin.get(f"{EVENTS}?{query}", status=422)


# --- who


def test_staff_see_what_happens_in_the_courses_they_teach_now(school: School) -> None:
    co_teacher = make_user(school.client, "teacher")
    add_co_teacher(school.client, school.course, co_teacher)
    school.happen()
    happen_elsewhere(school)
    with school.client.script() as request:
        request.emit(CourseArchived(course_id=school.course_id, by_user_id=school.admin.user_id))
    school.run()
    assert sequences(school.admin) == [1, 2, 3]
    assert sequences(school.owner) == sequences(co_teacher) == [1, 3]
    assert sequences(make_user(school.client, "teacher")) == []
    school.owner.delete(f"{school.course}teachers/{co_teacher.id}/")
    assert sequences(co_teacher) == []


def test_what_is_of_no_course_is_for_administrators(school: School) -> None:
    user = make_user(school.client)
    school.admin.patch(f"/api/users/{user.id}/", {"role": "teacher"})
    school.run()
    (event,) = school.admin.get(EVENTS).json["results"]
    assert (event["type"], event["data"]) == ("user.role_changed", {"user_id": user.id, "role": "teacher"})
    assert sequences(school.owner) == sequences(user) == []


def test_students_strangers_and_former_teachers_see_nothing(school: School) -> None:
    school.happen()
    school.run()
    make_user(school.client).get(EVENTS, status=403)
    school.client.get(EVENTS, status=401)
    with school.client.script() as request:
        request.db.get_one(User, school.owner.user_id).role = "student"
    school.owner.get(EVENTS, status=403)


def test_a_course_that_is_not_ones_own_is_403_and_so_is_one_that_is_not_there(school: School) -> None:
    school.happen()
    happen_elsewhere(school)
    school.run()
    assert sequences(school.owner, f"course_id={school.course_id}") == [1]
    for course_id in (id_of(school.other_course), school.admin.id):
        school.owner.get(f"{EVENTS}?course_id={course_id}", status=403)
    assert sequences(school.admin, f"course_id={id_of(school.other_course)}") == [2]
    assert sequences(school.admin, f"course_id={school.admin.id}") == []


def test_a_program_reads_with_its_scope(school: School) -> None:
    school.happen()
    school.run()
    token = make_personal_token(school.owner, "events:read")["token"]
    assert sequences(school.client.as_(token)) == [1]
    token = make_personal_token(school.owner, "courses:read")["token"]
    assert school.client.as_(token).get(EVENTS, status=403).json["code"] == "insufficient_scope"


def test_without_courses_there_are_administrators_only(database_url: str, tmp_path: Path) -> None:
    app = make_app(database_url, tmp_path, **{"courseplatform.plugins": "plugins.webhooks"})
    with rolled_back(app) as (client, _):
        admin, teacher = make_user(client, "admin"), make_user(client, "teacher")
        admin.patch(f"/api/users/{make_user(client).id}/", {"role": "teacher"})
        client.run_jobs()
        assert (sequences(admin), sequences(teacher)) == ([1], [])
        teacher.get(f"{EVENTS}?course_id={admin.id}", status=403)
        url = {"url": "https://1.1.1.1/"}
        teacher.post("/api/webhooks/", {**url, "course_id": admin.id}, status=403)
        admin.post("/api/webhooks/", {**url, "course_id": admin.id}, status=422)
        admin.post("/api/webhooks/", url)
    app.registry["db.engine"].dispose()


# --- nothing new, and what is not there any more


def test_nothing_new_is_304_in_few_statements(school: School) -> None:
    school.happen(3)
    school.run()
    for actor in (school.admin, school.owner):
        answer = actor.get(f"{EVENTS}?after=3")
        headers = {"If-None-Match": answer.headers["ETag"]}
        with counted_statements(school.client.registry) as statements:
            assert actor.get(f"{EVENTS}?after=3", status=304, headers=headers).body == b""
        assert len(statements) == 3  # who asks, what is new, and that nothing is missing
    school.happen()
    school.run()
    assert school.admin.get(f"{EVENTS}?after=3", headers=headers).json["results"][0]["sequence"] == 4


def test_who_comes_after_what_they_miss_was_deleted_is_told_so(school: School) -> None:
    school.happen(3)
    school.run()
    school.client.clock.move(days=91)
    with school.client.script() as request:
        purge_events(request)
    school.happen(2)
    school.run()
    assert sequences(school.admin) == [3, 4, 5], "from wherever it begins"
    assert sequences(school.admin, "after=2") == [3, 4, 5]
    refusal = school.admin.get(f"{EVENTS}?after=1", status=409).json
    assert (refusal["code"], refusal["oldest_sequence"], refusal["newest_sequence"]) == ("sequence_unknown", 3, 5)
    assert school.admin.get(refusal["type"]).json["code"] == "sequence_unknown"


def test_who_has_more_than_was_ever_given_out_is_told_so(school: School) -> None:
    """As after a backup from before it was restored: numbers from then on mean something else."""
    school.happen(2)
    school.run()
    assert sequences(school.admin, "after=2") == []
    assert school.admin.get(f"{EVENTS}?after=3", status=409).json["newest_sequence"] == 2


def test_a_log_without_a_line_knows_no_sequence_but_0(school: School) -> None:
    assert sequences(school.admin) == sequences(school.admin, "after=0") == []
    school.admin.get(f"{EVENTS}?after=1", status=409)


def test_the_feed_is_read_by_index_for_staff_of_a_quiet_course(committing_school: School) -> None:
    """Not by trying every event of the platform: the plan looks up the course."""
    school, quiet = committing_school, make_user(committing_school.client, "teacher")
    course = make_course(school.client, quiet)
    with school.client.script() as request:
        fill(
            request.db.connection(),
            "domain_events",
            "SELECT gen_random_uuid() AS id, n AS sequence, 'course.archived' AS type, now() AS occurred_at,"
            " gen_random_uuid() AS course_id, CAST('{}' AS jsonb) AS data FROM generate_series(1, 20000) AS n",
        )
        request.emit(CourseArchived(course_id=UUID(id_of(course)), by_user_id=quiet.user_id))
    school.run()
    with counted_statements(school.client.registry) as statements:
        assert sequences(quiet) == [20_001]
    assert len(statements) == 2
    page = next(s for s in statements if "domain_events" in s)
    assert plan_rows(school, page, quiet) < 100


def plan_rows(school: School, statement: str, actor: Actor) -> int:
    """How many rows the statement throws away on its way."""
    found: list[Any] = []

    def explain(connection: Any, cursor: Any, sql: str, parameters: Any, *rest: Any) -> None:
        if sql == statement:
            with connection.connection.cursor() as own:
                own.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + sql, parameters)
                found.append(own.fetchone()[0][0]["Plan"])

    engine = school.client.registry["db.engine"]
    sa.event.listen(engine, "before_cursor_execute", explain)
    try:
        actor.get(EVENTS)
    finally:
        sa.event.remove(engine, "before_cursor_execute", explain)

    def removed(plan: dict[str, Any]) -> int:
        return plan.get("Rows Removed by Filter", 0) + sum(removed(part) for part in plan.get("Plans", ()))

    assert found
    return sum(removed(plan) for plan in found)
