"""The benchmarks' world is one that the platform's operations could have left, and answers what is asked of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from benchmarks.asking import KINDS, POLL
from benchmarks.copying import connected
from benchmarks.shape import SMALL, Shape, hand_ins
from benchmarks.world import World, build
from courseplatform.migrations import migrate_all
from courseplatform.testing import Client, fresh_database, make_app

#: Each finds rows that no operation leaves.
FAULTS = {
    "a counter of reviews": """
        SELECT courses.id FROM courses LEFT JOIN reviews ON reviews.course_id = courses.id
        GROUP BY courses.id HAVING review_count <> count(reviews.id) OR rating_sum <> coalesce(sum(rating), 0)""",
    "a student who takes no part": """
        SELECT submissions.id FROM submissions
        JOIN assignments ON assignments.id = assignment_id JOIN lessons ON lessons.id = lesson_id
        LEFT JOIN enrollments USING (course_id, student_id) WHERE enrollments.id IS NULL""",
    "a receipt": "SELECT id FROM submissions WHERE content_sha256 <> encode(sha256(text::bytea || '\\x00'), 'hex')",
    "a grade without its history": """
        SELECT submissions.id FROM submissions LEFT JOIN grade_changes ON submission_id = submissions.id
        WHERE grade IS DISTINCT FROM new_points OR (status = 'checked') <> (grade IS NOT NULL)
        OR (status = 'checked') <> (checked_at IS NOT NULL)""",
    "an inbox that has lost count": """
        SELECT recipient_id FROM notification_inboxes JOIN notifications USING (recipient_id)
        GROUP BY recipient_id HAVING max(last_sequence) <> max(sequence)""",
    "a search that finds nothing": "SELECT id FROM courses WHERE search_vector IS NULL",
    "an id of another time": """
        SELECT id FROM submissions WHERE ('x' || left(replace(id::text, '-', ''), 12))::bit(48)::bigint
        <> floor(extract(epoch FROM created_at) * 1000)""",
}


@pytest.fixture(scope="module")
def place(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, World, Any]]:
    """(URL, world, application)"""
    with fresh_database(server_url) as url:
        app = make_app(url, tmp_path_factory.mktemp("var"))
        migrate_all(url, app.registry["migrations"])
        yield url, build(url, SMALL, memory_kib=64, rounds=1), app
        app.registry["db.engine"].dispose()


@pytest.fixture
def caller_of(place: Any) -> Any:
    _, world, app = place
    tokens: dict[str, str] = {}

    def signed_in(username: str | None) -> Client:
        client = Client(app)
        if username and username not in tokens:
            body = {"username": username, "password": world.password}
            tokens[username] = client.post("/api/auth/login/", body, status=200).json["access_token"]
        return client.as_(tokens[username] if username else None)

    return signed_in


@pytest.mark.parametrize("fault", FAULTS)
def test_the_rows_are_such_as_operations_leave(place: Any, fault: str) -> None:
    with place[2].registry["db.engine"].connect() as connection:
        assert connection.execute(sa.text(FAULTS[fault].replace(":", "\\:"))).all() == []


def test_it_is_the_same_each_time(place: Any) -> None:
    url, world, _ = place
    sums = [
        f"SELECT md5(string_agg(t::text, '' ORDER BY t::text)) FROM {table} t" for table in ("users", "submissions")
    ]
    with connected(url) as connection, connection.cursor() as cursor:
        before = [cursor.execute(one) or cursor.fetchall() for one in sums]
        cursor.execute("TRUNCATE users CASCADE")
        assert build(url, SMALL, memory_kib=64, rounds=1) == world
        assert [cursor.execute(one) or cursor.fetchall() for one in sums] == before


def test_it_can_be_kept(place: Any, tmp_path: Path) -> None:
    place[1].save(tmp_path / "world.json")
    assert World.load(tmp_path / "world.json") == place[1]


@pytest.mark.parametrize("name", [name for name in KINDS if name not in ("E3d", "E8")])
def test_what_is_asked_is_answered(place: Any, caller_of: Any, name: str) -> None:
    kind = KINDS[name]
    asks = list(kind.asks(place[1]))
    for ask in (asks[0], asks[-1]):
        method = "GET" if ask.body is None else "POST"
        caller_of(ask.username).call(method, ask.path, ask.body, status=kind.status)


def test_lists_have_work_and_the_gradebook_is_full(place: Any, caller_of: Any) -> None:
    _, world, _ = place
    for target in (*world.listings, world.deep):
        assert caller_of(target.username).get(target.path).json["results"]
    grades = caller_of(world.graded.username).get(f"/api/courses/{world.graded.course_id}/gradebook/").json
    assert len(grades["results"]) == SMALL.graded_students and all(line["cells"] for line in grades["results"])


def test_the_outsider_is_one(place: Any, caller_of: Any) -> None:
    _, world, _ = place
    caller_of(world.outsider).get(world.works[0].path, status=404)
    caller_of(world.outsider).get(f"/api/courses/{world.draft_course.course_id}/", status=404)
    caller_of(world.draft_course.username).get(f"/api/courses/{world.draft_course.course_id}/")


def test_a_draft_is_published_to_everybody(place: Any, caller_of: Any) -> None:
    _, world, _ = place
    reader = caller_of(world.outsider)
    before = reader.get(POLL)
    reader.get(POLL, status=304, headers={"If-None-Match": before.headers["ETag"]})
    teacher = caller_of(world.deep.username)
    path = f"/api/courses/{world.deep.course_id}/lessons/{world.draft_lesson_ids[0]}/"
    teacher.patch(path, {"is_published": True})
    teacher.run_jobs()
    assert len(reader.get(POLL).json["results"]) == len(before.json["results"]) + 1


def test_each_hands_in_what_they_do_once_and_assignment_after_assignment() -> None:
    shape, done = Shape(5_000), list(hand_ins(Shape(5_000)))
    assert len(done) == 5_000 == len({one[1:] for one in done})
    assert done == sorted(done)
    assert max(one.assignment for one in done if one.course > 1) == shape.rounds - 1


@pytest.mark.parametrize("scale", [5_000, 500_000, 5_000_000])
def test_at_any_scale_there_is_left_to_hand_in(scale: int) -> None:
    shape = Shape(scale)
    assert shape.rounds <= shape.a_course // 2 + 1 and shape.seats <= shape.students and shape.others > 0
