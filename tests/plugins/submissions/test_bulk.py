"""Grading many at once, and the sheet that goes out and comes back."""

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from courseplatform.api import Conflict
from courseplatform.jobs import OutboxJob
from courseplatform.testing import Client, counted_statements
from plugins.accounts.models import User
from plugins.submissions import bulk as sheets
from plugins.submissions.api import GradeChange, Submission, SubmissionGraded
from plugins.webhooks.models import DomainEvent
from tests.factories.accounts import Actor, make_user
from tests.factories.assignments import make_assignment
from tests.factories.courses import id_of, make_course
from tests.factories.enrollments import enrol
from tests.factories.lessons import make_lesson
from tests.factories.submissions import make_submission


def bulk(actor: Client, assignment: str, rows: Any, mode: str = "all", status: Any = 200) -> Any:
    return actor.post(f"{assignment}submissions/grades/?mode={mode}", {"rows": rows}, status)


def upload(actor: Client, assignment: str, body: bytes, mode: str = "all", status: Any = 200) -> Any:
    path = f"{assignment}submissions/grades/?mode={mode}"
    return actor.call("POST", path, raw=body, content_type="text/csv", status=status)


def row(work: str, grade: Any = 50, if_match: str = "*", **fields: Any) -> dict[str, Any]:
    return {"submission_id": id_of(work), "grade": grade, "if_match": if_match, **fields}


def statuses(answer: Any) -> list[int]:
    return [each["status"] for each in answer.json["rows"]]


def history(client: Client) -> dict[str, list[tuple[Any, Any, str]]]:
    with client.script() as request:
        found: dict[str, list[Any]] = {}
        for change in request.db.scalars(sa.select(GradeChange).order_by(GradeChange.id)):
            found.setdefault(str(change.submission_id), []).append(
                (change.old_points, change.new_points, change.reason)
            )
        return found


def class_of(client: Client, course: str, assignment: str, size: int) -> list[str]:
    """The works of so many students."""
    works = []
    for _ in range(size):
        student = make_user(client)
        enrol(client, course, student)
        works.append(make_submission(client, assignment, student))
    return works


def test_many_are_graded_and_each_as_alone(client: Client, teacher: Actor, course: str, assignment: str) -> None:
    works = class_of(client, course, assignment, 3)
    heard: list[Any] = []
    client.registry.registerHandler(heard.append, (SubmissionGraded,))
    try:
        tag = teacher.get(works[0]).headers["ETag"]
        rows = [row(works[0], 50, tag, feedback="Good"), row(works[1], 0), row(works[2], 100)]
        answer = bulk(teacher, assignment, rows)
    finally:
        client.registry.unregisterHandler(heard.append, (SubmissionGraded,))
    assert statuses(answer) == [200, 200, 200]
    for work, points, told in zip(works, (50, 0, 100), answer.json["rows"], strict=True):
        read = teacher.get(work)
        assert (read.json["grade"], read.json["status"]) == (points, "checked")
        assert read.headers["ETag"] == f'"{told["etag"]}"'
    assert teacher.get(works[0]).json["feedback"] == "Good"
    assert list(history(client).values()) == [[(None, 50, "")], [(None, 0, "")], [(None, 100, "")]]
    assert [(str(event.submission_id), event.grade_points, event.is_first) for event in heard] == [
        (id_of(work), points, True) for work, points in zip(works, (50, 0, 100), strict=True)
    ]
    assert {str(event.by_user_id) for event in heard} == {teacher.id}


def test_every_rule_of_grading_holds_for_each_row(client: Client, teacher: Actor, course: str, lesson: str) -> None:
    assignment = make_assignment(client, lesson, max_points=10)
    above, again, returned, stale = class_of(client, course, assignment, 4)
    other = class_of(client, course, make_assignment(client, lesson), 1)[0]
    own = make_submission(client, assignment, teacher)
    draft = make_submission(client, assignment, make_user(client), status="draft")
    bulk(teacher, assignment, [row(again, 5), row(returned, 5)])
    teacher.put(f"{returned}return/", {"feedback": "Again"}, headers={"If-Match": "*"})
    rows = [
        row(above, 11),
        row(again, 6),
        row(returned, 6),
        row(stale, 6, '"stale"'),
        row(draft),
        row(other),
        row(own),
        {**row(above), "submission_id": str(uuid4())},
        {"submission_id": id_of(above), "grade": 1},
        row(above, 1.5),
    ]
    refused = bulk(teacher, assignment, rows, status=409).json
    assert [(each["row"], each["status"], each["code"]) for each in refused["rows"]] == [
        (0, 422, "invalid"),
        (1, 422, "invalid"),
        (2, 422, "invalid"),
        (3, 412, "precondition_failed"),
        (4, 404, "not_found"),
        (5, 404, "not_found"),
        (6, 403, "own_work"),
        (7, 404, "not_found"),
        (8, 422, "invalid"),
        (9, 422, "invalid"),
    ]
    assert {fault["name"]: fault["detail"] for fault in refused["errors"] if fault["name"].count(".") == 2} == {
        "rows.0.grade": "must be between 0 and 10",
        "rows.1.reason": "is required: the work was checked before",
        "rows.2.reason": "is required: the work was checked before",
        "rows.8.if_match": "is required",
        "rows.9.grade": "must be a whole number",
    }
    assert statuses(bulk(teacher, assignment, rows, "each")) == [422, 422, 422, 412, 404, 404, 403, 404, 422, 422]
    assert (
        bulk(teacher, assignment, [row(again, 6, reason="Recount"), row(returned, 6, reason="x")]).json["failed"] == 0
    )
    assert history(client)[id_of(again)] == [(None, 5, ""), (5, 6, "Recount")]


def test_with_all_a_bad_row_leaves_every_row_as_it_was_and_with_each_only_itself(
    client: Client, teacher: Actor, course: str, assignment: str
) -> None:
    works = class_of(client, course, assignment, 3)
    rows = [row(works[0]), row(works[1], 101), row(works[2])]
    before = [teacher.get(work).json for work in works]
    assert bulk(teacher, assignment, rows, status=422).json["code"] == "invalid"
    assert [teacher.get(work).json for work in works] == before
    assert history(client) == {}
    assert statuses(bulk(teacher, assignment, rows, "each")) == [200, 422, 200]
    assert [teacher.get(work).json["grade"] for work in works] == [50, None, 50]
    assert set(history(client)) == {id_of(works[0]), id_of(works[2])}


def test_a_row_that_is_refused_late_leaves_no_grade_no_history_no_job_and_no_event(
    client: Client, teacher: Actor, course: str, assignment: str
) -> None:
    works = class_of(client, course, assignment, 3)
    bad = id_of(works[0])

    def refuse(event: SubmissionGraded) -> None:
        event.request.db.flush()
        if str(event.submission_id) == bad:
            raise Conflict("course_archived")

    client.registry.registerHandler(refuse, (SubmissionGraded,))
    try:
        answer = bulk(teacher, assignment, [row(work) for work in works], "each")
    finally:
        client.registry.unregisterHandler(refuse, (SubmissionGraded,))
    assert statuses(answer) == [409, 200, 200]
    good = {id_of(work) for work in works[1:]}
    assert set(history(client)) == good
    assert [teacher.get(work).json["status"] for work in works] == ["submitted", "checked", "checked"]
    with client.script() as request:
        logged = request.db.scalars(sa.select(DomainEvent).where(DomainEvent.type == "submission.graded"))
        assert {event.data["submission_id"] for event in logged} == good
        jobs = list(request.db.scalars(sa.select(OutboxJob).where(OutboxJob.done_at.is_(None))))
    told = [job.arguments["subject_id"] for job in jobs if job.name.endswith("notifications.jobs.notify")]
    assert set(told) == good
    assert [job.name for job in jobs if "number_events" in job.name] == ["plugins.webhooks.jobs.number_events"]


def test_the_last_grades_complete_the_course_for_each_who_lacked_nothing_else(
    client: Client, teacher: Actor, course: str, lesson: str, assignment: str
) -> None:
    students = [make_user(client) for _ in range(3)]
    works = []
    for student in students:
        enrol(client, course, student)
        works.append(make_submission(client, assignment, student))
    for student in students[:2]:
        student.put(f"{lesson}completion/")
    bulk(teacher, assignment, [row(work) for work in works])
    got = [student.get(f"{course}enrollments/me/").json["status"] for student in students]
    assert got == ["completed", "completed", "active"]


def test_what_a_third_party_forbids_at_one_submission_is_forbidden_in_bulk(
    client: Client, teacher: Actor, course: str, assignment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As ``add_restriction`` would; its directive belongs to start-up."""
    from courseplatform.restrictions import Restriction
    from plugins.submissions.resources import SubmissionItem

    nobody = Restriction(SubmissionItem, ("submission:grade",), ("blind_marker",), None, (), "not_your_pile", True)
    monkeypatch.setitem(client.registry["restrictions"], "submission:grade", [nobody])
    works = class_of(client, course, assignment, 1)
    refused = bulk(teacher, assignment, [row(works[0])], status=409).json["rows"]
    assert [(each["status"], each["code"]) for each in refused] == [(403, "not_your_pile")]


def test_the_sheet_goes_out_is_filled_in_and_comes_back(
    client: Client, teacher: Actor, course: str, assignment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets, "CHUNK", 2)
    student = make_user(client)
    with client.script() as request:
        request.db.get(User, student.user_id).last_name = "=HYPERLINK(1)"
    enrol(client, course, student)
    works = [*class_of(client, course, assignment, 2), make_submission(client, assignment, student)]
    draft = make_user(client)
    make_submission(client, assignment, draft, status="draft")
    sheet = teacher.get(f"{assignment}submissions/grades/?bom=true")
    assert (sheet.content_type, sheet.body[:3]) == ("text/csv", b"\xef\xbb\xbf")
    lines = list(csv.DictReader(io.StringIO(sheet.body.decode("utf-8-sig"), newline="")))
    assert [line["submission_id"] for line in lines] == [id_of(work) for work in works]
    assert lines[2]["last_name"] == "'=HYPERLINK(1)"
    lines[0].update(grade="70", feedback="'=sum is a formula")
    lines[2].update(grade="80", feedback="Да; хорошо,\nочень")
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, lines[0], delimiter=";")
    writer.writeheader()
    writer.writerows(lines)
    answer = upload(teacher, assignment, out.getvalue().encode())
    assert [(each["line"], each["status"]) for each in answer.json["rows"]] == [(2, 200), (5, 200)]
    read = [teacher.get(work).json for work in works]
    assert [(work["grade"], work["feedback"]) for work in read] == [
        (70, "=sum is a formula"),
        (None, ""),
        (80, "Да; хорошо,\nочень"),
    ]
    # The same file once more: what was graded is stale now, and nothing is done twice.
    assert statuses(upload(teacher, assignment, out.getvalue().encode(), "each")) == [412, 412]
    (checked,) = teacher.get(f"{assignment}submissions/grades/?status=checked").body.decode().splitlines()[1:2]
    assert ",70," in checked and "'=sum" in checked


def test_a_list_tells_the_etags_that_rows_need(client: Client, teacher: Actor, course: str, assignment: str) -> None:
    works = class_of(client, course, assignment, 2)
    listed = teacher.get(f"{assignment}submissions/?expand=etag").json["results"]
    rows = [{"submission_id": each["id"], "grade": 1, "if_match": each["extensions"]["etag"]} for each in listed]
    assert len(rows) == len(works)
    bulk(teacher, assignment, rows)


@pytest.mark.parametrize("body", [b"", b"grade\n1", b"submission_id,grade,if_match,colour\n", b"\x00", b"," * 200_000])
def test_a_table_of_something_else_is_refused(teacher: Actor, assignment: str, body: bytes) -> None:
    refused = upload(teacher, assignment, body, status=None)
    assert refused.status_int in (400, 422)
    assert refused.content_type == "application/problem+json"


@pytest.mark.parametrize("mode", ["all", "each"])
def test_a_row_costs_four_statements_and_the_rest_is_asked_once(
    client: Client, teacher: Actor, course: str, lesson: str, mode: str
) -> None:
    """The work, its history, the notification's job, the event."""
    counts = []
    for size in (1, 10):
        assignment = make_assignment(client, lesson)
        works = class_of(client, course, assignment, size)
        with counted_statements(client.registry) as statements:
            bulk(teacher, assignment, [row(work) for work in works], mode)
        counts.append(len(statements))
    assert counts[1] <= counts[0] + 9 * 4
    assert counts[0] <= 12


# --- at once, truly committing


def make_world(client: Client, size: int) -> tuple[Actor, str, str, list[str]]:
    """(teacher, a second assignment, the first one, its works)."""
    teacher = make_user(client, "teacher")
    course = make_course(client, teacher)
    lesson = make_lesson(client, course)
    assignment = make_assignment(client, lesson)
    return teacher, make_assignment(client, lesson), assignment, class_of(client, course, assignment, size)


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]


@pytest.fixture
def deadlocks(committing_client: Client) -> Iterator[list[Any]]:
    """What PostgreSQL had to end because all waited for each other. It is tried again, and else nobody would know."""
    engine, found = committing_client.registry["db.engine"], []

    def note(context: Any) -> None:
        if getattr(context.original_exception, "pgcode", None) == "40P01":
            found.append(context.statement)

    sa.event.listen(engine, "handle_error", note)
    yield found
    sa.event.remove(engine, "handle_error", note)


def test_of_many_who_grade_the_same_rows_with_the_same_etags_one_wins_each(
    committing_client: Client, deadlocks: list[Any]
) -> None:
    client = committing_client
    teacher, _, assignment, works = make_world(client, 8)
    tags = {work: teacher.get(work).headers["ETag"] for work in works}
    rows = [row(work, 50, tags[work]) for work in works]
    answers = at_once(*[lambda r=r: bulk(teacher, assignment, r, "each") for r in (rows, rows[::-1]) * 3])
    assert Counter(status for answer in answers for status in statuses(answer)) == {200: 8, 412: 40}
    with client.script() as request:
        assert request.db.scalar(sa.select(sa.func.count()).select_from(GradeChange)) == 8
    assert deadlocks == []


def test_bulk_and_single_grading_and_moving_dates_end_well_for_all(
    committing_client: Client, deadlocks: list[Any]
) -> None:
    client = committing_client
    teacher, _, assignment, works = make_world(client, 6)
    for number in range(4):
        rows = [row(work, number, reason="Again") for work in works]
        due_at = "2020-01-01T00:00:00Z" if number % 2 else None
        answers = at_once(
            lambda r=rows: bulk(teacher, assignment, r),
            lambda r=rows: bulk(teacher, assignment, r[::-1]),
            *[
                lambda w=work, n=number: teacher.put(
                    f"{w}grade/", {"grade": n + 10, "reason": "Single"}, headers={"If-Match": "*"}
                )
                for work in works
            ],
            lambda d=due_at: teacher.patch(assignment, {"due_at": d}),
        )
        assert {answer.status_int for answer in answers} == {200}
    assert deadlocks == []


def test_grading_two_assignments_of_the_same_students_at_once_ends_well(
    committing_client: Client, deadlocks: list[Any]
) -> None:
    client = committing_client
    teacher, second, first, works = make_world(client, 8)
    with client.script() as request:
        students = [request.db.get(Submission, id_of(work)).student_id for work in works]
    others = []
    for student_id in reversed(students):
        with client.script() as request:
            made = Submission(
                assignment_id=id_of(second), student_id=student_id, attempt=1, text="x", submitted_at=request.now
            )
            request.db.add(made)
            request.db.flush()
            others.append(f"{second}submissions/{made.id}/")
    for number in range(3):
        answers = at_once(
            lambda n=number: bulk(teacher, first, [row(work, n, reason="x") for work in works]),
            lambda n=number: bulk(teacher, second, [row(work, n, reason="x") for work in others]),
        )
        assert [answer.json["succeeded"] for answer in answers] == [8, 8]
    assert deadlocks == []


def test_grades_in_bulk_never_meet_a_lower_maximum(committing_client: Client, deadlocks: list[Any]) -> None:
    client = committing_client
    teacher, _, assignment, works = make_world(client, 4)
    for _ in range(8):
        teacher.patch(assignment, {"max_points": 100})
        answers = at_once(
            lambda: bulk(teacher, assignment, [row(work, 90) for work in works], status=None),
            lambda: teacher.patch(assignment, {"max_points": 50}, None),
        )
        assert max(answer.status_int for answer in answers) < 500
        most = teacher.get(assignment).json["max_points"]
        assert all((teacher.get(work).json["grade"] or 0) <= most for work in works)
        with client.script() as request:
            request.db.execute(sa.delete(GradeChange))
            request.db.execute(sa.update(Submission).values(status="submitted", grade=None, checked_at=None))
    assert deadlocks == []


def test_who_finishes_a_lesson_while_the_last_work_is_graded_completes_the_course(committing_client: Client) -> None:
    client = committing_client
    teacher = make_user(client, "teacher")
    for _ in range(5):
        course = make_course(client, teacher)
        lesson = make_lesson(client, course)
        assignment = make_assignment(client, lesson)
        students = [make_user(client) for _ in range(3)]
        for student in students:
            enrol(client, course, student)
        rows = [row(make_submission(client, assignment, student)) for student in students]
        answers = at_once(
            lambda a=assignment, r=rows: bulk(teacher, a, r),
            *[lambda s=student, where=lesson: s.put(f"{where}completion/") for student in students],
        )
        assert [answer.status_int for answer in answers] == [200] * 4
        got = {student.get(f"{course}enrollments/me/").json["status"] for student in students}
        assert got == {"completed"}
