"""Handing in over HTTP, as JSON."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest

from courseplatform.testing import Client, counted_statements
from plugins.courses.models import Course
from tests.factories.accounts import Actor, make_user
from tests.factories.assignments import make_assignment
from tests.factories.courses import add_co_teacher, id_of
from tests.factories.enrollments import enrol
from tests.factories.lessons import make_lesson
from tests.factories.submissions import make_submission

FIELDS = {
    "id",
    "assignment_id",
    "student_id",
    "attempt",
    "text",
    "file",
    "status",
    "is_checked",
    "grade",
    "feedback",
    "is_late",
    "submitted_at",
    "checked_at",
    "receipt",
}


def code(response: Any) -> str:
    return response.json["code"]


def archive(client: Client, course: str) -> None:
    with client.script() as request:
        request.db.get(Course, id_of(course)).status = "archived"


def test_a_student_hands_in_and_gets_a_receipt(learner: Actor, assignment: str) -> None:
    made = learner.post(f"{assignment}submissions/", {"text": "Моя работа"})
    body = made.json
    assert set(body) == FIELDS
    assert (body["attempt"], body["status"], body["student_id"]) == (1, "submitted", learner.id)
    assert (body["is_checked"], body["grade"], body["is_late"], body["file"]) == (False, None, False, None)
    assert body["receipt"] == {
        "sha256": hashlib.sha256("Моя работа".encode() + b"\0").hexdigest(),
        "received_at": body["submitted_at"],
    }
    assert made.headers["Location"].endswith(f"{assignment}submissions/{body['id']}/")
    assert learner.get(f"{assignment}submissions/{body['id']}/").headers["ETag"] == made.headers["ETag"]


def test_only_active_students_submit(
    client: Client, course: str, assignment: str, student: Actor, stranger: Actor, teacher: Actor, admin: Actor
) -> None:
    path, body = f"{assignment}submissions/", {"text": "Work"}
    client.post(path, body, status=401)
    former = make_user(client)
    enrol(client, course, former, status="dropped")
    for actor in (student, stranger, teacher, admin, former):
        actor.post(path, body, status=403)


def test_a_student_who_completed_the_course_may_still_submit(client: Client, course: str, assignment: str) -> None:
    done = make_user(client)
    enrol(client, course, done, status="completed")
    done.post(f"{assignment}submissions/", {"text": "Work"})


def test_an_enrolled_admin_does_not_submit(client: Client, course: str, assignment: str, admin: Actor) -> None:
    enrol(client, course, admin)
    admin.post(f"{assignment}submissions/", {"text": "Work"}, status=403)


def test_students_list_their_own_and_staff_list_all_but_drafts(
    client: Client, course: str, assignment: str, learner: Actor, teacher: Actor, admin: Actor
) -> None:
    other = make_user(client)
    enrol(client, course, other)
    own = id_of(make_submission(client, assignment, learner, status="draft"))
    theirs = id_of(make_submission(client, assignment, other))
    path = f"{assignment}submissions/"

    def ids(actor: Actor, query: str = "") -> list[str]:
        return [row["id"] for row in actor.get(path + query).json["results"]]

    assert ids(learner) == [own]
    assert ids(learner, f"?student_id={other.id}") == []
    for actor in (teacher, admin):
        assert ids(actor) == [theirs]
        assert ids(actor, f"?student_id={other.id}") == [theirs]
        assert ids(actor, f"?student_id={learner.id}") == []
        assert ids(actor, "?status=submitted") == [theirs]
        assert ids(actor, "?status=checked") == []
    teacher.get(path + "?status=lost", status=422)
    teacher.get(path + "?student_id=7", status=422)
    teacher.get(path + "?grade=7", status=422)


def test_listing_is_for_participants_and_staff(
    client: Client, course: str, assignment: str, student: Actor, stranger: Actor
) -> None:
    path = f"{assignment}submissions/"
    client.get(path, status=401)
    student.get(path, status=403)
    stranger.get(path, status=403)
    former = make_user(client)
    enrol(client, course, former, status="dropped")
    own = make_submission(client, assignment, former)
    assert [row["id"] for row in former.get(path).json["results"]] == [id_of(own)]
    former.get(own)


def test_nobody_else_learns_that_a_submission_exists(
    client: Client, course: str, assignment: str, learner: Actor, student: Actor, stranger: Actor, teacher: Actor
) -> None:
    other, co_teacher = make_user(client), make_user(client, "teacher")
    enrol(client, course, other)
    add_co_teacher(client, course, co_teacher)
    own = make_submission(client, assignment, learner)
    for address in (own, f"{own}file/", f"{own}attempts/"):
        client.get(address, status=401)
        for actor in (other, student, stranger):
            actor.get(address, status=404)
    for actor in (other, student, stranger):
        actor.put(own, {"text": "Mine"}, status=404)
        actor.delete(own, status=404)
    for actor in (learner, teacher, co_teacher):
        actor.get(own)


def test_only_the_author_edits(
    client: Client, course: str, assignment: str, learner: Actor, teacher: Actor, admin: Actor
) -> None:
    own = make_submission(client, assignment, learner)
    client.put(own, {"text": "Mine"}, status=401)
    for actor in (teacher, admin):
        actor.put(own, {"text": "Mine"}, status=403)
        actor.patch(own, {"text": "Mine"}, status=403)
        actor.delete(own, status=403)
    learner.patch(own, {"text": "Mine"})


def test_who_dropped_the_course_reads_but_does_not_edit(client: Client, course: str, assignment: str) -> None:
    former = make_user(client)
    enrol(client, course, former, status="dropped")
    own = make_submission(client, assignment, former)
    former.get(own)
    former.put(own, {"text": "Again"}, status=403)


@pytest.mark.parametrize("body", [{}, {"text": ""}, {"text": " \n "}, {"text": "", "status": "draft"}])
def test_empty_work_is_422(learner: Actor, assignment: str, body: dict[str, Any]) -> None:
    refused = learner.post(f"{assignment}submissions/", body, status=422)
    assert [fault["name"] for fault in refused.json["errors"]] == ["text"]


@pytest.mark.parametrize(
    ("body", "faulty"),
    [
        ({"text": 7}, ["text"]),
        ({"text": "a" * 100_001}, ["text"]),
        ({"text": "a", "status": "checked"}, ["status"]),
        ({"text": "a", "grade": 100}, ["grade"]),
        ({"text": "a", "student_id": "x", "attempt": 2}, ["student_id", "attempt"]),
        ({"text": "a", "file": "x"}, ["file"]),
    ],
)
def test_faulty_bodies_are_422(learner: Actor, assignment: str, body: dict[str, Any], faulty: list[str]) -> None:
    refused = learner.post(f"{assignment}submissions/", body, status=422)
    assert [fault["name"] for fault in refused.json["errors"]] == faulty


def test_the_text_stays_as_it_was_written(learner: Actor, assignment: str) -> None:
    text = "    indented\n\n"
    assert learner.post(f"{assignment}submissions/", {"text": text}).json["text"] == text


def test_lateness_is_judged_on_arrival_and_the_lock_refuses(client: Client, lesson: str, learner: Actor) -> None:
    with client.script() as request:
        now = request.now
    path = make_assignment(client, lesson, due_at=now + timedelta(minutes=1), lock_at=now + timedelta(minutes=2))
    first = learner.post(f"{path}submissions/", {"text": "In time"}).json
    client.clock.move(seconds=80)
    second = learner.post(f"{path}submissions/", {"text": "Late"}).json
    assert (first["is_late"], second["is_late"]) == (False, True)
    own = f"{path}submissions/{first['id']}/"
    assert learner.patch(own, {"text": "Changed"}).json["is_late"] is True
    client.clock.move(seconds=80)
    refused = learner.post(f"{path}submissions/", {"text": "Too late"}, status=409)
    assert code(refused) == "submission_locked"
    assert refused.json["lock_at"] == learner.get(path).json["lock_at"] < refused.json["server_now"]
    assert code(learner.put(own, {"text": "Too late"}, status=409)) == "submission_locked"
    assert code(learner.delete(own, status=409)) == "submission_locked"


def test_an_archived_course_takes_no_work(client: Client, course: str, assignment: str, learner: Actor) -> None:
    own = make_submission(client, assignment, learner)
    archive(client, course)
    assert code(learner.post(f"{assignment}submissions/", {"text": "Work"}, status=409)) == "course_archived"
    assert code(learner.put(own, {"text": "Work"}, status=409)) == "course_archived"
    assert code(learner.delete(own, status=409)) == "course_archived"
    learner.get(own)


def test_each_post_is_the_next_attempt_until_they_are_used_up(client: Client, lesson: str, learner: Actor) -> None:
    path = f"{make_assignment(client, lesson, max_attempts=2)}submissions/"
    assert [learner.post(path, {"text": text}).json["attempt"] for text in ("One", "Two")] == [1, 2]
    refused = learner.post(path, {"text": "Three"}, status=409)
    assert (code(refused), refused.json["max_attempts"]) == ("attempts_exhausted", 2)
    latest = learner.get(path).json["results"][0]
    learner.delete(f"{path}{latest['id']}/")
    assert learner.post(path, {"text": "Three"}).json["attempt"] == 2


def test_a_returned_attempt_may_be_followed_and_a_checked_one_not(
    client: Client, assignment: str, learner: Actor
) -> None:
    make_submission(client, assignment, learner, status="returned")
    assert learner.post(f"{assignment}submissions/", {"text": "Better"}).json["attempt"] == 2
    checked = make_submission(client, assignment, learner, status="checked")
    for answer in (
        learner.post(f"{assignment}submissions/", {"text": "Best"}, status=409),
        learner.patch(checked, {"text": "Best"}, status=409),
    ):
        assert (code(answer), answer.json["checked_at"]) == ("already_checked", learner.get(checked).json["checked_at"])


def test_the_same_work_is_not_handed_in_twice_while_it_waits(
    client: Client, assignment: str, learner: Actor, teacher: Actor
) -> None:
    path = f"{assignment}submissions/"
    first = learner.post(path, {"text": "Work"}).json
    refused = learner.post(path, {"text": "Work"}, status=409)
    assert (code(refused), refused.json["submission_id"]) == ("same_content", first["id"])
    assert refused.json["submitted_at"] == first["submitted_at"]
    assert learner.post(path, {"text": "Other work"}).json["attempt"] == 2
    latest = learner.post(path, {"text": "Work"}).json
    assert latest["receipt"]["sha256"] == first["receipt"]["sha256"]
    teacher.put(f"{path}{latest['id']}/return/", {"feedback": "No"}, headers={"If-Match": "*"})
    assert learner.post(path, {"text": "Work"}).json["attempt"] == 4


def test_staff_who_are_enrolled_all_the_same_hand_nothing_in(client: Client, course: str, assignment: str) -> None:
    both = make_user(client, "teacher")
    enrol(client, course, both)
    own = make_submission(client, assignment, both)
    add_co_teacher(client, course, both)
    both.post(f"{assignment}submissions/", {"text": "Work"}, status=403)
    both.put(own, {"text": "Again"}, status=403)
    both.delete(own, status=403)


def test_one_draft_at_a_time_and_it_is_handed_in_by_put_or_patch(assignment: str, learner: Actor) -> None:
    path = f"{assignment}submissions/"
    draft = learner.post(path, {"text": "So far", "status": "draft"}).json
    assert (draft["status"], draft["receipt"], draft["submitted_at"]) == ("draft", None, None)
    refused = learner.post(path, {"text": "Work"}, status=409)
    assert (code(refused), refused.json["submission_id"]) == ("draft_exists", draft["id"])
    own = f"{path}{draft['id']}/"
    assert learner.patch(own, {"text": "Further"}).json["status"] == "draft"
    assert learner.put(own, {"text": "Still", "status": "draft"}).json["status"] == "draft"
    done = learner.patch(own, {"status": "submitted"}).json
    assert (done["status"], done["text"], done["attempt"]) == ("submitted", "Still", 1)
    assert done["receipt"]["received_at"] == done["submitted_at"]
    refused = learner.put(own, {"text": "Back", "status": "draft"}, status=409)
    assert (code(refused), refused.json["submitted_at"]) == ("already_submitted", done["submitted_at"])


def test_put_without_a_status_hands_a_draft_in(assignment: str, learner: Actor) -> None:
    path = f"{assignment}submissions/"
    draft = learner.post(path, {"text": "So far", "status": "draft"}).json
    assert learner.put(f"{path}{draft['id']}/", {"text": "Done"}).json["status"] == "submitted"


def test_editing_renews_the_receipt(client: Client, assignment: str, learner: Actor) -> None:
    path = f"{assignment}submissions/"
    first = learner.post(path, {"text": "One"})
    own = f"{path}{first.json['id']}/"
    client.clock.move(seconds=5)
    second = learner.put(own, {"text": "Two"}, headers={"If-Match": first.headers["ETag"]})
    assert second.json["receipt"]["sha256"] == hashlib.sha256(b"Two\0").hexdigest()
    assert second.json["submitted_at"] > first.json["submitted_at"]
    learner.put(own, {"text": "Three"}, status=412, headers={"If-Match": first.headers["ETag"]})
    assert learner.patch(own, {}).json == second.json
    assert learner.put(own, {"text": " "}, status=422).json["code"] == "invalid"


@pytest.mark.parametrize("status", ["checked", "returned"])
def test_checked_and_returned_work_is_immutable(client: Client, assignment: str, learner: Actor, status: str) -> None:
    own = make_submission(client, assignment, learner, status=status)
    for refused in (
        learner.put(own, {"text": "New"}, status=409),
        learner.patch(own, {"text": "New"}, status=409),
        learner.delete(own, status=409),
    ):
        assert code(refused) == f"already_{status}"


def test_work_can_be_taken_back(client: Client, assignment: str, learner: Actor) -> None:
    own = make_submission(client, assignment, learner)
    learner.delete(own)
    learner.get(own, status=404)


def test_attempts_lists_every_attempt_of_that_student(
    client: Client, course: str, assignment: str, learner: Actor, teacher: Actor
) -> None:
    other = make_user(client)
    enrol(client, course, other)
    make_submission(client, assignment, other)
    first = make_submission(client, assignment, learner, status="returned")
    second = make_submission(client, assignment, learner)
    draft = make_submission(client, assignment, learner, status="draft")

    def ids(actor: Actor) -> list[str]:
        return [row["id"] for row in actor.get(f"{first}attempts/").json["results"]]

    assert ids(learner) == [id_of(draft), id_of(second), id_of(first)]
    assert ids(teacher) == [id_of(second), id_of(first)]
    page = teacher.get(f"{first}attempts/?limit=1").json
    assert [row["id"] for row in teacher.get(page["next"]).json["results"]] == [id_of(first)]


def test_the_student_card_is_an_extension(client: Client, assignment: str, learner: Actor, teacher: Actor) -> None:
    own = make_submission(client, assignment, learner)
    assert teacher.get(f"{own}?expand=student").json["extensions"]["student"]["id"] == learner.id
    assert "email" not in teacher.get(f"{own}?expand=student").json["extensions"]["student"]


def test_nested_ids_must_match(client: Client, course: str, lesson: str, assignment: str, learner: Actor) -> None:
    own = make_submission(client, assignment, learner)
    elsewhere = make_assignment(client, make_lesson(client, course))
    learner.get(f"{elsewhere}submissions/{id_of(own)}/", status=404)
    learner.put(f"{elsewhere}submissions/{id_of(own)}/", {"text": "New"}, status=404)


def test_an_unpublished_assignment_takes_no_work(client: Client, lesson: str, learner: Actor) -> None:
    hidden = make_assignment(client, lesson, is_published=False)
    learner.post(f"{hidden}submissions/", {"text": "Work"}, status=404)


def test_statement_budgets(client: Client, course: str, assignment: str, learner: Actor, teacher: Actor) -> None:
    own = make_submission(client, assignment, learner)
    for _ in range(4):
        other = make_user(client)
        enrol(client, course, other)
        make_submission(client, assignment, other)
    path = f"{assignment}submissions/"
    for budget, call in (
        (3, lambda: learner.get(own)),
        (4, lambda: teacher.get(f"{path}?expand=student")),
        (4, lambda: teacher.get(f"{own}attempts/")),
        (9, lambda: learner.post(path, {"text": "Work"})),
        (8, lambda: learner.put(own, {"text": "Work"})),
        (8, lambda: learner.delete(own)),
    ):
        with counted_statements(client.registry) as statements:
            call()
        assert len(statements) <= budget, statements
