"""What happens at the same moment."""

from typing import Any

from sqlalchemy import select

from courseplatform.api import is_held
from courseplatform.testing import Client, counted_statements
from plugins.assignments.models import Assignment
from plugins.submissions.models import Submission
from tests.factories.accounts import Actor, make_user
from tests.factories.assignments import make_assignment
from tests.factories.courses import id_of, make_course
from tests.factories.enrollments import enrol
from tests.factories.lessons import make_lesson
from tests.factories.submissions import make_submission
from tests.races import statuses_at_once


def make_world(client: Client, **fields: Any) -> tuple[Actor, Actor, str]:
    """(teacher, student, address of an assignment)."""
    teacher, student = make_user(client, "teacher"), make_user(client)
    course = make_course(client, teacher)
    enrol(client, course, student)
    return teacher, student, make_assignment(client, make_lesson(client, course), **fields)


def test_of_32_simultaneous_submissions_of_the_same_work_one_counts(committing_client: Client) -> None:
    _, student, assignment = make_world(committing_client)
    statuses = statuses_at_once(*[lambda: student.post(f"{assignment}submissions/", {"text": "Work"}, None)] * 32)
    assert statuses == {201: 1, 409: 31}


def test_of_many_simultaneous_drafts_one_wins(committing_client: Client) -> None:
    _, student, assignment = make_world(committing_client)
    body = {"text": "Work", "status": "draft"}
    assert statuses_at_once(*[lambda: student.post(f"{assignment}submissions/", body, None)] * 8) == {201: 1, 409: 7}


def test_unlimited_attempts_never_share_a_number(committing_client: Client) -> None:
    _, student, assignment = make_world(committing_client)
    calls = [lambda n=n: student.post(f"{assignment}submissions/", {"text": f"Work {n}"}, None) for n in range(12)]
    statuses = statuses_at_once(*calls)
    assert set(statuses) <= {201, 409}
    with committing_client.script() as request:
        attempts = list(request.db.scalars(select(Submission.attempt).order_by(Submission.attempt)))
    assert attempts == list(range(1, statuses[201] + 1))


def test_a_grade_never_meets_a_lower_maximum(committing_client: Client) -> None:
    teacher, student, assignment = make_world(committing_client)
    for _ in range(6):
        work = make_submission(committing_client, assignment, student)
        teacher.patch(assignment, {"max_points": 100})
        statuses = statuses_at_once(
            lambda w=work: teacher.put(f"{w}grade/", {"grade": 90}, None, headers={"If-Match": "*"}),
            lambda: teacher.patch(assignment, {"max_points": 50}, None),
        )
        assert max(statuses) < 500
        points, most = teacher.get(work).json["grade"], teacher.get(assignment).json["max_points"]
        assert points is None or points <= most
        with committing_client.script() as request:
            request.db.delete(request.db.get(Submission, id_of(work)))


def test_lateness_follows_the_date_that_wins(committing_client: Client) -> None:
    teacher, student, assignment = make_world(committing_client)
    past = "2020-01-01T00:00:00Z"
    for _ in range(6):
        teacher.patch(assignment, {"due_at": None})
        statuses_at_once(
            lambda: student.post(f"{assignment}submissions/", {"text": "Work"}, None),
            lambda: teacher.patch(assignment, {"due_at": past}, None),
        )
        for row in teacher.get(f"{assignment}submissions/").json["results"]:
            assert row["is_late"] is True


def test_who_hands_in_holds_the_dates_from_the_beginning(committing_client: Client) -> None:
    _, student, assignment = make_world(committing_client)
    with counted_statements(committing_client.registry) as statements:
        student.post(f"{assignment}submissions/", {"text": "Work"})
    assert statements[0].rstrip().endswith("FOR SHARE OF assignments")
    assert len([one for one in statements if "FROM assignments" in one]) == 0  # nobody need read it again
    with committing_client.script() as request:
        assert not is_held(request, request.db.get(Assignment, id_of(assignment)))


def test_grading_while_dates_move_ends_well_for_both(committing_client: Client) -> None:
    teacher, student, assignment = make_world(committing_client)
    work = make_submission(committing_client, assignment, student)
    for number in range(8):
        due_at = "2020-01-01T00:00:00Z" if number % 2 else None
        body = {"grade": number, "reason": "Again"}
        statuses = statuses_at_once(
            lambda b=body: teacher.put(f"{work}grade/", b, None, headers={"If-Match": "*"}),
            lambda d=due_at: teacher.patch(assignment, {"due_at": d}, None),
        )
        assert statuses == {200: 2}
        assert teacher.get(work).json["is_late"] is (due_at is not None)


def test_handing_a_draft_in_while_dates_move_ends_well_for_both(committing_client: Client) -> None:
    teacher, student, assignment = make_world(committing_client)
    for _ in range(6):
        teacher.patch(assignment, {"due_at": None})
        draft = make_submission(committing_client, assignment, student, status="draft")
        statuses = statuses_at_once(
            lambda d=draft: student.put(d, {"text": "Done"}, None),
            lambda: teacher.patch(assignment, {"due_at": "2020-01-01T00:00:00Z"}, None),
        )
        assert statuses == {200: 2}
        assert student.get(draft).json["is_late"] is True
        student.delete(draft)


def test_an_assignment_is_not_deleted_beneath_a_submission(committing_client: Client) -> None:
    for _ in range(4):
        teacher, student, assignment = make_world(committing_client)
        statuses = statuses_at_once(
            lambda s=student, a=assignment: s.post(f"{a}submissions/", {"text": "Work"}, None),
            lambda t=teacher, a=assignment: t.delete(a, None),
        )
        assert statuses in ({201: 1, 409: 1}, {204: 1, 404: 1})


def test_checked_work_and_a_new_attempt_exclude_each_other_or_keep_their_order(committing_client: Client) -> None:
    teacher, student, assignment = make_world(committing_client)
    work = make_submission(committing_client, assignment, student)
    statuses = statuses_at_once(
        lambda: teacher.put(f"{work}grade/", {"grade": 50}, None, headers={"If-Match": "*"}),
        lambda: student.put(work, {"text": "Changed"}, None),
        lambda: student.post(f"{assignment}submissions/", {"text": "Next"}, None),
    )
    assert max(statuses) < 500
    assert teacher.get(work).json["is_checked"] is True
