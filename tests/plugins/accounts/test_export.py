"""The export of the own data."""

from typing import Any
from uuid import uuid4

import pytest

from courseplatform.testing import Client, counted_statements, make_app
from plugins.comments.models import Comment
from plugins.notifications.models import Notification
from plugins.submissions.models import GradeChange, Submission
from tests.contracts.contributions import contributed, lacking
from tests.contracts.world import World
from tests.factories.accounts import Actor, make_user

EXPORT = "/api/users/me/export/"


@pytest.fixture
def world(client: Client) -> World:
    return World(client)


def test_the_export_holds_a_part_of_every_plugin(world: World) -> None:
    response = world.actors["E"].get(EXPORT)
    found = response.json
    assert response.headers["Content-Disposition"].startswith("attachment")
    assert response.headers["Cache-Control"] == "no-store"
    assert found["profile"]["username"] == world.actors["E"].get("/api/users/me/").json["username"]
    for part in ("sessions", "enrollments", "submissions", "certificates", "comments", "reviews", "notifications"):
        assert found[part], part
    assert found["identities"][0]["subject"] == "E"
    assert found["exported_at"].endswith("Z")
    assert [course["title"] for course in world.actors["T"].get(EXPORT).json["courses"]] == ["elsewhere"]
    assert world.actors["C"].get(EXPORT).json["co_teaching"]


def test_every_plugin_that_knows_a_user_contributes(wsgi_app: Any) -> None:
    """A table that names a user belongs to a part of the export, or says here why not."""
    from courseplatform.db import Base

    parts = {
        "sessions": "sessions",
        "courses": "courses",
        "course_teachers": "co_teaching",
        "enrollments": "enrollments",
        "lesson_completions": "completions",
        "submissions": "submissions",
        "certificates": "certificates",
        "comments": "comments",
        "reviews": "reviews",
        "notifications": "notifications",
        "notification_inboxes": "notification_preferences",
        "external_identities": "identities",
        "oauth_consents": "consents",
        "personal_tokens": "personal_tokens",
        "webhooks": "webhooks",
        "uploads": "uploads",
        **dict(contributed("EXPORTED")),
    }
    elsewhere = {
        "grade_changes": "within submissions; who graded others' work says that work",
        "email_tokens": "gone within hours, and secret: they open the account",
    }
    named = {
        table.name
        for table in Base.metadata.tables.values()
        for column in table.columns
        for key in column.foreign_keys
        if key.column.table.name == "users"
    }
    assert named <= {*parts, *elsewhere}, lacking("EXPORTED", named - {*parts, *elsewhere})
    assert set(parts.values()) <= set(wsgi_app.registry["accounts.exports"])


def test_work_is_exported_with_its_grades_and_where_its_file_is(world: World) -> None:
    actor = world.actors["E"]
    with world.client.script() as request:
        changed = {"old_points": None, "new_points": 60, "reason": "fine", "created_at": request.now}
        graded = world.ids["submission_E"]
        request.db.add(GradeChange(submission_id=graded, by_user_id=world.user("O"), **changed))
    work = next(work for work in actor.get(EXPORT).json["submissions"] if work["id"] == graded)
    assert work["grade_changes"][0]["new_points"] == 60
    assert work["file"]["name"] == "work.txt"
    assert work["file"]["sha256"]
    assert actor.get(work["file"]["url"]).body == b"my work"


def test_nobody_finds_others_rows_in_the_own_export(world: World) -> None:
    """Of another student not even the id is in it, though they share a course."""
    text = world.actors["E"].get(EXPORT).text
    assert world.ids["user_X"] not in text
    assert "password_hash" not in text
    assert "token_sha256" not in text


def test_the_export_takes_as_many_statements_for_many_rows_as_for_few(world: World) -> None:
    actor = world.actors["E"]
    actor.get(EXPORT)
    counts = []
    for start in (2, 100):
        with counted_statements(world.client.registry) as statements:
            actor.get(EXPORT)
        counts.append(len(statements))
        with world.client.script() as request:
            for number in range(30):
                made = {"created_at": request.now}
                request.db.add_all(
                    [
                        Comment(author_id=actor.user_id, text="t", lesson_id=world.ids["lesson"], **made),
                        Notification(recipient_id=actor.user_id, kind="graded", message="m", event_id=uuid4(), **made),
                        Submission(
                            assignment_id=world.ids["assignment"],
                            student_id=actor.user_id,
                            attempt=start + number,
                            submitted_at=request.now,
                        ),
                    ]
                )
    assert counts[0] == counts[1]
    assert len(actor.get(EXPORT).json["submissions"]) > 30


def test_an_export_is_given_a_few_times_an_hour(database_url: str, tmp_path: Any) -> None:
    from courseplatform.testing import rolled_back

    app = make_app(database_url, tmp_path, **{"limits.export": "2/hour"})
    with rolled_back(app) as (client, _):
        actor: Actor = make_user(client)
        assert [actor.get(EXPORT, status=None).status_int for _ in range(3)] == [200, 200, 429]
        assert make_user(client).get(EXPORT).status_int == 200
    app.registry["db.engine"].dispose()


def test_a_third_party_plugin_adds_its_part(world: World) -> None:
    exports = world.client.registry["accounts.exports"]
    exports["badges"] = lambda request, user_id: [{"user": user_id}]
    try:
        actor = world.actors["S"]
        assert actor.get(EXPORT).json["badges"] == [{"user": actor.id}]
    finally:
        del exports["badges"]
