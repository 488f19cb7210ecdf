"""Comments over HTTP."""

from typing import Any
from uuid import uuid4

import pytest

from courseplatform.testing import counted_statements
from plugins.comments.models import Comment
from plugins.courses.models import Course
from plugins.enrollments.models import Enrollment
from tests.factories.accounts import make_user
from tests.factories.comments import make_comment
from tests.factories.courses import id_of, make_course
from tests.factories.enrollments import enrol
from tests.factories.lessons import make_lesson
from tests.factories.submissions import make_submission

from .conftest import World

WIRE = {
    "id",
    "author_id",
    "text",
    "parent_id",
    "lesson_id",
    "assignment_id",
    "submission_id",
    "created_at",
    "edited_at",
    "is_deleted",
}
# anonymous, not enrolled, classmate, teacher elsewhere, owner, co-teacher, admin
ACTORS = ("client", "outsider", "classmate", "teacher", "owner", "co_teacher", "admin")


def in_course(world: World, status: str) -> None:
    with world.client.script() as request:
        request.db.get(Course, id_of(world.course)).status = status


def leave(world: World, student: Any) -> None:
    with world.client.script() as request:
        for enrollment in request.db.query(Enrollment).filter_by(student_id=student.user_id):
            enrollment.status = "dropped"


def test_a_comment_is_written_and_read(world: World, target: str) -> None:
    made = world.student.post(target + "comments/", {"text": "  Why?  "})
    body = made.json
    assert set(body) == WIRE
    assert body["text"] == "Why?"
    assert body["author_id"] == world.student.id
    assert body["parent_id"] is None and body["edited_at"] is None and body["is_deleted"] is False
    kind = target.rstrip("/").split("/")[-2].removesuffix("s")
    assert body[f"{kind}_id"] == id_of(target)
    assert [body[f"{k}_id"] for k in ("lesson", "assignment", "submission") if k != kind] == [None, None]
    assert made.headers["Location"].endswith(f"{target}comments/{body['id']}/")
    shown = world.owner.get(f"{target}comments/{body['id']}/")
    assert shown.json == body
    assert shown.headers["ETag"] == made.headers["ETag"]


def test_comments_are_listed_oldest_first_and_by_the_comment_they_answer(world: World, target: str) -> None:
    first = make_comment(world.client, target, world.student)
    second = make_comment(world.client, target, world.owner)
    reply = make_comment(world.client, target, world.owner, parent_id=id_of(first))
    listed = world.student.get(target + "comments/").json
    assert [row["id"] for row in listed["results"]] == [id_of(a) for a in (first, second, reply)]
    page = world.student.get(target + "comments/?limit=2").json
    assert [row["id"] for row in world.student.get(page["next"]).json["results"]] == [id_of(reply)]
    replies = world.student.get(f"{target}comments/?parent_id={id_of(first)}").json
    assert [row["id"] for row in replies["results"]] == [id_of(reply)]


def test_a_target_shows_only_its_own_comments(world: World) -> None:
    on_lesson = make_comment(world.client, world.lesson, world.student)
    make_comment(world.client, world.assignment, world.student)
    make_comment(world.client, make_lesson(world.client, world.course), world.student)
    assert [row["id"] for row in world.student.get(world.lesson + "comments/").json["results"]] == [id_of(on_lesson)]


def test_the_author_can_be_expanded(world: World, target: str) -> None:
    make_comment(world.client, target, world.owner)
    (row,) = world.student.get(target + "comments/?expand=author").json["results"]
    assert row["extensions"]["author"]["id"] == world.owner.id
    assert "email" not in row["extensions"]["author"]


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({}, "text"),
        ({"text": ""}, "text"),
        ({"text": " \n "}, "text"),
        ({"text": "x" * 10_001}, "text"),
        ({"text": 5}, "text"),
        ({"text": None}, "text"),
        ({"text": "a", "author_id": str(uuid4())}, "author_id"),
        ({"text": "a", "is_deleted": True}, "is_deleted"),
        ({"text": "a", "parent_id": "five"}, "parent_id"),
        ({"text": "a", "parent_id": str(uuid4())}, "parent_id"),
    ],
)
def test_a_faulty_comment_is_refused(world: World, target: str, body: Any, name: str) -> None:
    answer = world.student.post(target + "comments/", body, status=422).json
    assert [fault["name"] for fault in answer["errors"]] == [name]


def test_a_text_of_ten_thousand_characters_is_allowed(world: World) -> None:
    world.student.post(world.lesson + "comments/", {"text": "x" * 10_000, "parent_id": None})


def test_a_reply_to_a_comment_elsewhere_is_refused(world: World) -> None:
    on_lesson = make_comment(world.client, world.lesson, world.student)
    other = make_comment(world.client, make_lesson(world.client, world.course), world.student)
    for target, parent in ((world.assignment, on_lesson), (world.submission, on_lesson), (world.lesson, other)):
        answer = world.student.post(target + "comments/", {"text": "a", "parent_id": id_of(parent)}, status=422).json
        assert answer["errors"][0]["name"] == "parent_id"


def test_a_reply_to_a_deleted_comment_is_refused(world: World, target: str) -> None:
    shell = make_comment(world.client, target, world.student, is_deleted=True, text="")
    answer = world.owner.post(target + "comments/", {"text": "a", "parent_id": id_of(shell)}, status=409)
    assert answer.json["code"] == "comment_deleted"


def test_an_edit_is_dated(world: World, target: str) -> None:
    comment = make_comment(world.client, target, world.student, text="old")
    world.client.clock.move(minutes=5)
    same = world.student.patch(comment, {}).json
    assert same["edited_at"] is None
    edited = world.student.patch(comment, {"text": "new"}).json
    assert edited["text"] == "new" and edited["edited_at"] > edited["created_at"]
    assert world.student.put(comment, {"text": "newer"}).json["text"] == "newer"
    assert world.owner.get(comment).json["text"] == "newer"


@pytest.mark.parametrize("body", [{"text": ""}, {"text": None}, {"text": "a", "parent_id": None}, {"created_at": "x"}])
def test_a_faulty_edit_is_refused(world: World, body: Any) -> None:
    comment = make_comment(world.client, world.lesson, world.student)
    world.student.patch(comment, body, status=422)
    world.student.put(comment, {}, status=422)


def test_an_edit_against_a_stale_version_is_refused(world: World) -> None:
    comment = make_comment(world.client, world.lesson, world.student)
    etag = world.student.get(comment).headers["ETag"]
    world.student.patch(comment, {"text": "b"}, headers={"If-Match": etag})
    world.student.patch(comment, {"text": "c"}, headers={"If-Match": etag}, status=412)
    world.student.delete(comment, headers={"If-Match": etag}, status=412)


def test_a_comment_without_replies_goes(world: World, target: str) -> None:
    comment = make_comment(world.client, target, world.student)
    world.student.delete(comment)
    world.student.get(comment, status=404)
    world.student.delete(comment, status=404)


def test_a_deleted_comment_with_replies_stays_as_an_empty_shell(world: World, target: str) -> None:
    comment = make_comment(world.client, target, world.student, text="secret")
    reply = make_comment(world.client, target, world.owner, parent_id=id_of(comment))
    world.student.delete(comment)
    shell = world.student.get(comment).json
    assert shell["text"] == "" and shell["is_deleted"] is True
    for method in (world.student.put, world.student.patch):
        assert method(comment, {"text": "again"}, status=409).json["code"] == "comment_deleted"
    world.student.delete(comment)
    world.owner.delete(reply)
    assert world.student.get(comment).json["is_deleted"] is True


def test_an_archived_course_is_not_commented(world: World, target: str) -> None:
    comment = make_comment(world.client, target, world.student)
    in_course(world, "archived")
    world.student.get(comment) if target == world.submission else world.owner.get(comment)
    for answer in (
        world.owner.post(target + "comments/", {"text": "a"}, status=409),
        world.admin.post(target + "comments/", {"text": "a"}, status=409),
        world.student.patch(comment, {"text": "a"}, status=409),
        world.admin.put(comment, {"text": "a"}, status=409),
    ):
        assert answer.json["code"] == "course_archived"
    world.owner.delete(comment)


@pytest.mark.parametrize(
    ("kind", "statuses"),
    [
        ("lesson", (401, 403, 200, 403, 200, 200, 200)),
        ("assignment", (401, 403, 200, 403, 200, 200, 200)),
        ("submission", (401, 404, 404, 404, 200, 200, 200)),
    ],
)
def test_who_reads_the_target_reads_and_writes_comments(world: World, kind: str, statuses: tuple[int, ...]) -> None:
    target = world.target(kind)
    comment = make_comment(world.client, target, world.student)
    for name, status in zip(ACTORS, statuses, strict=True):
        actor = getattr(world, name)
        actor.get(target + "comments/", status=status)
        actor.get(comment, status=status)
        actor.post(target + "comments/", {"text": "a"}, status=201 if status == 200 else status)
    world.student.get(comment)


def test_only_the_author_and_administrators_edit(world: World, target: str) -> None:
    comment = make_comment(world.client, target, world.student)
    for name, status in zip(ACTORS, (401, 404, 404, 404, 404, 404, 200), strict=True):
        getattr(world, name).put(comment, {"text": name}, status=status)
        getattr(world, name).patch(comment, {"text": name}, status=status)
    world.student.put(comment, {"text": "mine"})


def test_the_author_staff_and_administrators_delete(world: World, target: str) -> None:
    for name, status in zip(ACTORS, (401, 404, 404, 404, 204, 204, 204), strict=True):
        getattr(world, name).delete(make_comment(world.client, target, world.student), status=status)
    world.student.delete(make_comment(world.client, target, world.student))


def test_an_author_who_left_still_edits_and_deletes_the_own_comment(world: World, target: str) -> None:
    comment = make_comment(world.client, target, world.student)
    leave(world, world.student)
    world.student.patch(comment, {"text": "b"})
    world.student.delete(comment)


def test_who_left_comments_no_more_on_lessons_and_assignments(world: World) -> None:
    leave(world, world.student)
    for target in (world.lesson, world.assignment):
        world.student.post(target + "comments/", {"text": "a"}, status=403)
        world.student.get(target + "comments/", status=403)


def test_beneath_a_draft_course_only_staff_comment(world: World, target: str) -> None:
    in_course(world, "draft")
    world.owner.post(target + "comments/", {"text": "a"})
    world.client.post(target + "comments/", {"text": "a"}, status=404)
    world.student.post(target + "comments/", {"text": "a"}, status=404)


def test_a_comment_beneath_another_target_is_missing(world: World) -> None:
    comment = make_comment(world.client, world.lesson, world.student)
    elsewhere = make_course(world.client, world.owner)
    for address in (
        make_lesson(world.client, world.course),
        make_lesson(world.client, elsewhere),
        world.assignment,
        world.submission,
    ):
        wrong = f"{address}comments/{id_of(comment)}/"
        world.admin.get(wrong, status=404)
        world.admin.put(wrong, {"text": "a"}, status=404)
        world.admin.patch(wrong, {"text": "a"}, status=404)
        world.admin.delete(wrong, status=404)


def test_the_thread_of_a_submission_is_its_students_and_staffs(world: World) -> None:
    other = make_submission(world.client, world.assignment, world.classmate)
    comment = make_comment(world.client, other, world.owner)
    world.student.get(comment, status=404)
    world.student.post(other + "comments/", {"text": "a"}, status=404)
    world.classmate.get(comment)
    world.classmate.post(other + "comments/", {"text": "a", "parent_id": id_of(comment)})


def test_a_deleted_lesson_takes_its_whole_thread_along(world: World) -> None:
    lesson = make_lesson(world.client, world.course)
    comment = make_comment(world.client, lesson, world.student)
    make_comment(world.client, lesson, world.owner, parent_id=id_of(comment))
    world.owner.delete(lesson)
    with world.client.script() as request:
        assert request.db.query(Comment).filter_by(lesson_id=id_of(lesson)).count() == 0


def test_what_comments_cost_the_database(world: World, target: str) -> None:
    for _ in range(5):
        comment = make_comment(world.client, target, make_enrolled(world))
    with counted_statements(world.client.registry) as reading:
        world.owner.get(comment)
    with counted_statements(world.client.registry) as listing:
        world.owner.get(target + "comments/?expand=author")
    with counted_statements(world.client.registry) as replying:
        world.owner.post(target + "comments/", {"text": "a", "parent_id": id_of(comment)})
    with counted_statements(world.client.registry) as deleting:
        world.owner.delete(comment)
    assert (len(reading), len(listing)) == (1, 3)
    assert len(replying) <= 6  # lineage, identity, the parent, the comment, a line in the event log, the jobs
    assert len(deleting) <= 4


def make_enrolled(world: World) -> Any:
    student = make_user(world.client)
    enrol(world.client, world.course, student)
    return student
