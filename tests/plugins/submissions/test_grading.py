"""Grading and returning, over HTTP and without."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import select

from courseplatform.testing import Client, counted_statements
from plugins.assignments.api import Assignment
from plugins.courses.api import Course
from plugins.enrollments.api import progress_of
from plugins.submissions.api import (
    GradeChange,
    Submission,
    SubmissionGraded,
    SubmissionReturned,
    SubmissionSubmitted,
    Upload,
    grade_submission,
    return_submission,
    submit,
)
from tests.factories.accounts import Actor, make_user
from tests.factories.assignments import make_assignment
from tests.factories.courses import add_co_teacher, id_of
from tests.factories.enrollments import enrol
from tests.factories.submissions import make_submission


@pytest.fixture
def events(client: Client) -> Iterator[list[Any]]:
    """Every event of submissions that is emitted during the test."""
    heard: list[Any] = []
    kinds = (SubmissionSubmitted, SubmissionGraded, SubmissionReturned)
    for kind in kinds:
        client.registry.registerHandler(heard.append, (kind,))
    yield heard
    for kind in kinds:
        client.registry.unregisterHandler(heard.append, (kind,))


@pytest.fixture
def work(client: Client, assignment: str, learner: Actor) -> str:
    """What ``learner`` has handed in."""
    return make_submission(client, assignment, learner)


def code(response: Any) -> str:
    return response.json["code"]


def grade(actor: Actor, work: str, points: Any, status: int | None = 200, **fields: Any) -> Any:
    return actor.put(f"{work}grade/", {"grade": points, **fields}, status, headers={"If-Match": "*"})


def give_back(actor: Actor, work: str, feedback: str = "Once more", status: int | None = 200) -> Any:
    return actor.put(f"{work}return/", {"feedback": feedback}, status, headers={"If-Match": "*"})


def history(client: Client, work: str) -> list[tuple[Any, ...]]:
    with client.script() as request:
        columns = (GradeChange.old_points, GradeChange.new_points, GradeChange.reason, GradeChange.by_user_id)
        found = select(*columns).where(GradeChange.submission_id == id_of(work)).order_by(GradeChange.id)
        return [tuple(row) for row in request.db.execute(found)]


def test_staff_grade_with_the_etag_they_read(client: Client, teacher: Actor, learner: Actor, work: str) -> None:
    tag = teacher.get(work).headers["ETag"]
    body = {"grade": 85, "feedback": "Good"}
    graded = teacher.put(f"{work}grade/", body, headers={"If-Match": tag})
    assert (graded.json["status"], graded.json["is_checked"], graded.json["grade"]) == ("checked", True, 85)
    assert graded.json["feedback"] == "Good"
    assert graded.json["checked_at"] is not None
    assert graded.headers["ETag"] not in (tag, None)
    assert teacher.get(work).headers["ETag"] == graded.headers["ETag"]
    assert learner.get(work).json["grade"] == 85
    assert history(client, work) == [(None, 85, "", teacher.user_id)]


@pytest.mark.parametrize("facet", ["grade", "return"])
def test_grading_needs_an_etag_and_a_fresh_one(teacher: Actor, work: str, facet: str) -> None:
    body = {"grade": 1} if facet == "grade" else {"feedback": "No"}
    assert code(teacher.put(f"{work}{facet}/", body, 428)) == "precondition_required"
    assert code(teacher.put(f"{work}{facet}/", body, 412, headers={"If-Match": '"stale"'})) == "precondition_failed"
    assert teacher.get(work).json["status"] == "submitted"


def test_who_may_grade_and_return(
    client: Client, course: str, work: str, learner: Actor, student: Actor, stranger: Actor, admin: Actor
) -> None:
    co_teacher, other = make_user(client, "teacher"), make_user(client)
    add_co_teacher(client, course, co_teacher)
    enrol(client, course, other)
    for facet, body in (("grade", {"grade": 1}), ("return", {"feedback": "No"})):
        client.put(f"{work}{facet}/", body, 401)
        learner.put(f"{work}{facet}/", body, 403)
        for actor in (student, stranger, other):
            actor.put(f"{work}{facet}/", body, 404)
    grade(co_teacher, work, 10)
    grade(admin, work, 20, reason="Recount")
    give_back(co_teacher, work)


def test_nobody_checks_their_own_work(client: Client, course: str, assignment: str) -> None:
    promoted = make_user(client, "teacher")
    enrol(client, course, promoted)
    own = make_submission(client, assignment, promoted)
    add_co_teacher(client, course, promoted)
    assert code(grade(promoted, own, 100, 403)) == "own_work"
    assert code(give_back(promoted, own, status=403)) == "own_work"


def test_a_draft_does_not_exist_for_staff(
    client: Client, assignment: str, learner: Actor, teacher: Actor, admin: Actor
) -> None:
    draft = make_submission(client, assignment, learner, status="draft")
    for actor in (teacher, admin):
        for path in (draft, f"{draft}file/", f"{draft}attempts/", f"{draft}comments/"):
            actor.get(path, status=404)
        actor.post(f"{draft}comments/", {"text": "Hurry"}, status=404)
        grade(actor, draft, 10, 404)
        give_back(actor, draft, status=404)
        actor.put(draft, {"text": "Mine"}, status=404)
    learner.put(draft, {"text": "Done"})
    grade(teacher, draft, 10)


@pytest.mark.parametrize("points", [-1, 101, True, "5", 4.0, None])
def test_a_grade_is_a_whole_number_up_to_the_maximum(teacher: Actor, work: str, points: Any) -> None:
    refused = grade(teacher, work, points, 422)
    assert [fault["name"] for fault in refused.json["errors"]] == ["grade"]


@pytest.mark.parametrize("points", [0, 100])
def test_the_bounds_are_grades(teacher: Actor, work: str, points: int) -> None:
    assert grade(teacher, work, points).json["grade"] == points


def test_a_changed_grade_needs_a_reason_and_its_history_grows(client: Client, teacher: Actor, work: str) -> None:
    grade(teacher, work, 50)
    refused = grade(teacher, work, 60, 422)
    assert [fault["name"] for fault in refused.json["errors"]] == ["reason"]
    client.clock.move(seconds=1)
    assert grade(teacher, work, 60, reason="Task 3 was right").json["grade"] == 60
    assert [row[:3] for row in history(client, work)] == [(None, 50, ""), (50, 60, "Task 3 was right")]


def test_a_return_opens_the_next_attempt(
    client: Client, assignment: str, teacher: Actor, learner: Actor, work: str
) -> None:
    body = give_back(teacher, work).json
    assert (body["status"], body["is_checked"], body["grade"], body["feedback"]) == (
        "returned",
        False,
        None,
        "Once more",
    )
    assert history(client, work) == []
    assert learner.post(f"{assignment}submissions/", {"text": "Better"}).json["attempt"] == 2


def test_a_return_needs_feedback(teacher: Actor, work: str) -> None:
    give_back(teacher, work, " ", 422)
    teacher.put(f"{work}return/", {}, 422, headers={"If-Match": "*"})


def test_returning_checked_work_withdraws_its_grade_on_record(client: Client, teacher: Actor, work: str) -> None:
    grade(teacher, work, 50)
    body = give_back(teacher, work, "Copied").json
    assert (body["grade"], body["checked_at"], body["status"]) == (None, None, "returned")
    assert [row[:3] for row in history(client, work)] == [(None, 50, ""), (50, None, "Copied")]
    assert [fault["name"] for fault in grade(teacher, work, 50, 422).json["errors"]] == ["reason"]
    grade(teacher, work, 40, reason="It was not")


def test_the_course_hears_of_every_step(
    events: list[Any], assignment: str, course: str, lesson: str, learner: Actor, teacher: Actor
) -> None:
    made = learner.post(f"{assignment}submissions/", {"text": "Work", "status": "draft"}).json
    assert events == []
    work = f"{assignment}submissions/{made['id']}/"
    learner.put(work, {"text": "Work"})
    learner.put(work, {"text": "Better work"})
    grade(teacher, work, 10)
    grade(teacher, work, 20, reason="Recount")
    give_back(teacher, work)
    submitted, first, second, returned = events
    assert isinstance(submitted, SubmissionSubmitted)
    assert [(event.grade_points, event.is_first) for event in (first, second)] == [(10, True), (20, False)]
    assert isinstance(returned, SubmissionReturned)
    for event in events:
        ids = (event.submission_id, event.assignment_id, event.lesson_id, event.course_id, event.student_id)
        assert [str(id) for id in ids] == [made["id"], id_of(assignment), id_of(lesson), id_of(course), learner.id]
        assert event.assignment_title == "Sheet 1"
    assert [str(event.by_user_id) for event in events] == [learner.id, teacher.id, teacher.id, teacher.id]


def test_progress_counts_passed_required_assignments(
    client: Client, course: str, lesson: str, learner: Actor, teacher: Actor
) -> None:
    passable = make_assignment(client, lesson, pass_points=50)
    make_assignment(client, lesson, pass_points=50)
    make_assignment(client, lesson, is_required=False)
    make_assignment(client, lesson, is_published=False)
    work = make_submission(client, passable, learner)

    def sources() -> dict[str, int]:
        with client.script() as request:
            return progress_of(request, id_of(course), learner.user_id)["sources"]["submissions"]

    assert sources() == {"done": 0, "total": 2}
    grade(teacher, work, 49)
    assert sources() == {"done": 0, "total": 2}
    grade(teacher, work, 50, reason="Recount")
    assert sources() == {"done": 1, "total": 2}
    make_submission(client, passable, learner, status="checked", grade=90)
    assert sources() == {"done": 1, "total": 2}


def test_the_last_passing_grade_completes_the_course(
    client: Client, course: str, lesson: str, assignment: str, learner: Actor, teacher: Actor
) -> None:
    work = make_submission(client, assignment, learner)
    learner.put(f"{lesson}completion/", status=None)
    assert learner.get(f"{course}enrollments/me/").json["status"] == "active"
    grade(teacher, work, 100)
    assert learner.get(f"{course}enrollments/me/").json["status"] == "completed"


def test_what_no_longer_counts_may_complete_a_course(
    client: Client, course: str, lesson: str, assignment: str, learner: Actor, teacher: Actor
) -> None:
    learner.put(f"{lesson}completion/", status=None)
    teacher.patch(assignment, {"is_required": False})
    client.run_jobs()
    assert learner.get(f"{course}enrollments/me/").json["status"] == "completed"


def test_submissions_hold_a_course_unless_it_is_deleted_by_force(
    client: Client, course: str, assignment: str, learner: Actor, teacher: Actor, admin: Actor
) -> None:
    with client.script() as request:
        made = submit(
            request,
            assignment=request.db.get(Assignment, id_of(assignment)),
            course=request.db.get(Course, id_of(course)),
            student_id=learner.user_id,
            file=Upload("work.txt", BytesIO(b"work")),
        )
        key = made.file_key
    refused = teacher.delete(course, status=409)
    assert refused.json["dependents"]["submissions"] == 1
    assert key in client.registry["files"].keys_older_than(float("inf"))
    admin.delete(f"{course}?force=true")
    assert key not in client.registry["files"].keys_older_than(float("inf"))
    with client.script() as request:
        assert request.db.get(Submission, made.id) is None


def test_work_is_submitted_graded_and_returned_without_http(
    client: Client, course: str, assignment: str, learner: Actor, teacher: Actor
) -> None:
    with client.script() as request:
        place = {
            "assignment": request.db.get(Assignment, id_of(assignment)),
            "course": request.db.get(Course, id_of(course)),
        }
        made = submit(request, student_id=learner.user_id, text="Work", **place)
        grade_submission(request, submission=made, by_user_id=teacher.user_id, grade=70, **place)
        assert (made.grade, made.is_checked) == (70, True)
        return_submission(request, submission=made, by_user_id=teacher.user_id, feedback="Again", **place)
        assert (made.grade, made.status) == (None, "returned")


def test_grading_is_frugal(client: Client, teacher: Actor, work: str) -> None:
    """Beside the two inserts and what progress asks: tree, caller, assignment, submission."""
    with counted_statements(client.registry) as statements:
        grade(teacher, work, 10)
    assert len(statements) <= 10, statements
