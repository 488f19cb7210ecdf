"""Enrolling many at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from courseplatform.api import Conflict
from courseplatform.jobs import OutboxJob
from courseplatform.limits import rate
from courseplatform.testing import Client, counted_statements
from plugins.enrollments.api import StudentEnrolled
from plugins.enrollments.models import Enrollment
from plugins.webhooks.models import DomainEvent
from tests.factories.accounts import Actor, make_user
from tests.factories.courses import id_of, make_course
from tests.factories.enrollments import enrol


def bulk(actor: Client, course: str, rows: Any, mode: str = "all", status: Any = 200) -> Any:
    return actor.post(f"{course}enrollments/bulk/?mode={mode}", {"rows": rows}, status)


def by_id(*students: Actor) -> list[dict[str, str]]:
    return [{"student_id": student.id} for student in students]


def statuses(answer: Any) -> list[int]:
    return [row["status"] for row in answer.json["rows"]]


def roster(client: Client, course: str) -> dict[str, str]:
    with client.script() as request:
        found = sa.select(Enrollment.student_id, Enrollment.status).where(Enrollment.course_id == id_of(course))
        return {str(student_id): status for student_id, status in request.db.execute(found)}


def test_staff_enrol_many_and_each_row_is_answered_as_alone(
    client: Client, teacher: Actor, course: str, heard: list[Any]
) -> None:
    new, active, dropped, removed = (make_user(client) for _ in range(4))
    enrol(client, course, active)
    enrol(client, course, dropped, "dropped")
    enrol(client, course, removed, "removed")
    answer = bulk(teacher, course, by_id(new, active, dropped, removed))
    assert statuses(answer) == [201, 200, 200, 200]
    assert (answer.json["succeeded"], answer.json["failed"]) == (4, 0)
    assert roster(client, course) == {actor.id: "active" for actor in (new, active, dropped, removed)}
    events = [event for event in heard if isinstance(event, StudentEnrolled)]
    assert [str(event.student_id) for event in events] == [new.id, dropped.id, removed.id]
    assert {str(event.by_user_id) for event in events} == {teacher.id}
    assert answer.json["rows"][0]["id"] == str(events[0].enrollment_id)


def test_students_are_named_by_username_or_address_too_in_json_and_csv(
    client: Client, teacher: Actor, course: str
) -> None:
    one, two = make_user(client, username="Nina.Orlova"), make_user(client, username="oleg")
    rows = [{"username": "nina.orlova"}, {"email": "OLEG@example.com"}]
    assert [row["student_id"] for row in bulk(teacher, course, rows).json["rows"]] == [one.id, two.id]
    three, four = make_user(client), make_user(client, username="пётр")
    raw = f"\ufeffusername;student_id\n;{three.id}\nПЁТР;\n".encode()
    answer = teacher.call(
        "POST", f"{course}enrollments/bulk/", raw=raw, content_type="text/csv; charset=utf-8", status=200
    )
    assert [(row["line"], row["status"], row["student_id"]) for row in answer.json["rows"]] == [
        (2, 201, three.id),
        (3, 201, four.id),
    ]


def test_with_all_one_bad_row_leaves_everybody_out_and_every_bad_row_is_named(
    client: Client, teacher: Actor, course: str
) -> None:
    good, gone = make_user(client), make_user(client, is_active=False)
    rows = [*by_id(good, gone, teacher), {"username": "nobody"}, {}, {"email": "x@example.com", "username": "x"}]
    rows += [*by_id(good), {"student_id": "7"}]
    refused = bulk(teacher, course, rows, status=409)
    assert refused.json["code"] == "rows_refused"
    told = {fault["name"]: fault["detail"] for fault in refused.json["errors"]}
    assert told.pop("rows.2").startswith("The user teaches the course")
    assert told == {
        "rows.1.student_id": "must be an active user",
        "rows.3.username": "must be an active user",
        "rows.4": "must have one of student_id, username and email",
        "rows.5": "must have one of student_id, username and email",
        "rows.6": "is the same as in row 0",
        "rows.7.student_id": "must be a UUID",
    }
    assert [(row["row"], row["code"]) for row in refused.json["rows"] if row["status"] != 422] == [(2, "is_staff")]
    assert roster(client, course) == {}
    assert bulk(teacher, course, by_id(gone), status=422).json["code"] == "invalid"


def test_with_each_the_good_ones_are_enrolled(client: Client, teacher: Actor, course: str) -> None:
    students = [make_user(client) for _ in range(3)]
    rows = [{"student_id": str(uuid4())}, *by_id(*students), *by_id(teacher)]
    answer = bulk(teacher, course, rows, "each")
    assert statuses(answer) == [422, 201, 201, 201, 409]
    assert (answer.json["succeeded"], answer.json["failed"]) == (3, 2)
    assert answer.json["rows"][4]["code"] == "is_staff"
    assert set(roster(client, course)) == {student.id for student in students}


def test_unknown_inactive_and_unverified_people_are_told_apart_by_nobody(
    client: Client, teacher: Actor, course: str
) -> None:
    make_user(client, username="inactive", is_active=False)
    make_user(client, username="squatter")
    settings = client.registry.settings
    settings["accounts.require_verified_email"] = True
    try:
        rows = [{"email": f"{name}@example.com"} for name in ("inactive", "squatter", "unknown")]
        answer = bulk(teacher, course, rows, "each")
    finally:
        settings["accounts.require_verified_email"] = False
    assert len({(row["status"], row["code"], row["errors"][0]["detail"]) for row in answer.json["rows"]}) == 1
    assert roster(client, course) == {}


def test_looking_people_up_by_address_is_limited(client: Client, teacher: Actor, course: str) -> None:
    settings = client.registry.settings
    before, settings["limits.enrol_by_email"] = settings["limits.enrol_by_email"], rate("2/hour")
    try:
        for status in (200, 200, 429):
            bulk(teacher, course, [{"email": "nobody@example.com"}], "each", status)
        bulk(teacher, course, [{"username": "nobody"}], "each")
    finally:
        settings["limits.enrol_by_email"] = before


def test_an_archived_course_takes_nobody(client: Client, teacher: Actor, student: Actor) -> None:
    course = make_course(client, teacher, "archived")
    assert bulk(teacher, course, by_id(student), "each", 409).json["code"] == "course_archived"


def test_five_hundred_are_enough(client: Client, teacher: Actor, course: str) -> None:
    refused = bulk(teacher, course, [{"username": f"n{n}"} for n in range(501)], "each", 422)
    assert refused.json["errors"][0]["detail"] == "must have at most 500 items"


def test_a_row_that_is_refused_late_leaves_no_enrollment_no_job_and_no_event(
    client: Client, teacher: Actor, course: str
) -> None:
    """A subscriber that is called after the webhooks' and the notifications' refuses."""
    students = [make_user(client) for _ in range(3)]

    def refuse(event: StudentEnrolled) -> None:
        event.request.db.flush()  # all that was promised so far is written by now
        if str(event.student_id) == students[0].id:
            raise Conflict("cohort_full")

    client.registry.registerHandler(refuse, (StudentEnrolled,))
    try:
        answer = bulk(teacher, course, by_id(*students), "each")
    finally:
        client.registry.unregisterHandler(refuse, (StudentEnrolled,))
    assert statuses(answer) == [409, 201, 201]
    assert set(roster(client, course)) == {student.id for student in students[1:]}
    with client.script() as request:
        logged = request.db.scalars(sa.select(DomainEvent).where(DomainEvent.course_id == id_of(course)))
        assert {event.data["student_id"] for event in logged} == {student.id for student in students[1:]}
        jobs = list(request.db.scalars(sa.select(OutboxJob).where(OutboxJob.done_at.is_(None))))
    told = [job.arguments["recipient_id"] for job in jobs if job.name.endswith("notifications.jobs.notify")]
    assert sorted(told) == sorted(student.id for student in students[1:])
    # The first row's event was the first of the transaction: the others are numbered all the same.
    assert [job.name for job in jobs if "number_events" in job.name] == ["plugins.webhooks.jobs.number_events"]


@pytest.mark.parametrize("mode", ["all", "each"])
def test_many_take_as_many_reads_as_one_and_four_writes_each(
    client: Client, teacher: Actor, course: str, mode: str
) -> None:
    counts = []
    for number in (1, 10):
        students = [make_user(client) for _ in range(number)]
        with counted_statements(client.registry) as statements:
            bulk(teacher, course, by_id(*students), mode)
        counts.append(len(statements))
    # The enrollment, the notification's job and the event.
    assert counts[1] <= counts[0] + 9 * 3
    assert counts[0] <= 10


# --- at once, truly committing


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]


def test_two_who_enrol_the_same_in_opposite_orders_end_well_and_enrol_once(committing_client: Client) -> None:
    client = committing_client
    teacher = make_user(client, "teacher")
    course, students = make_course(client, teacher), [make_user(client) for _ in range(12)]
    enrol(client, course, students[3], "dropped")
    enrol(client, course, students[7], "removed")
    answers = at_once(
        *[lambda rows=rows: bulk(teacher, course, by_id(*rows)) for rows in (students, students[::-1]) for _ in (1, 2)]
    )
    made = [status for answer in answers for status in statuses(answer)]
    assert (made.count(201), made.count(200)) == (10, 38)
    assert set(roster(client, course).values()) == {"active"}
    with client.script() as request:
        assert request.db.scalar(sa.select(sa.func.count()).select_from(DomainEvent)) == 12


def test_enrolling_many_while_some_enrol_and_others_drop_ends_well_for_all(committing_client: Client) -> None:
    client = committing_client
    teacher = make_user(client, "teacher")
    for _ in range(3):
        course, students = make_course(client, teacher), [make_user(client) for _ in range(8)]
        for student in students[:4]:
            enrol(client, course, student)
        mine = f"{course}enrollments/me/"
        answers = at_once(
            lambda course=course, students=students: bulk(teacher, course, by_id(*students), "each", None),
            *[lambda s=student, mine=mine: s.delete(mine, None) for student in students[:4]],
            *[lambda s=student, mine=mine: s.put(mine, status=None) for student in students[4:]],
        )
        assert {answer.status_int for answer in answers} <= {200, 201, 204}
        assert set(statuses(answers[0])) <= {200, 201}
        assert len(roster(client, course)) == 8


def test_a_dry_run_foretells_the_rows_that_would_be_done_and_no_others(
    client: Client, teacher: Actor, course: str
) -> None:
    students = [make_user(client) for _ in range(3)]

    def refuse(event: StudentEnrolled) -> None:
        if str(event.student_id) == students[1].id:
            raise Conflict("cohort_full")

    client.registry.registerHandler(refuse, (StudentEnrolled,))
    try:
        path, headers = f"{course}enrollments/bulk/?mode=each", {"Prefer": "dry-run"}
        told = teacher.post(path, {"rows": by_id(*students)}, 200, headers=headers).json
    finally:
        client.registry.unregisterHandler(refuse, (StudentEnrolled,))
    assert [row["status"] for row in told["resource"]["rows"]] == [201, 409, 201]
    assert (told["event_count"], len(told["events"])) == (2, 2)
    assert told["jobs"] == {"plugins.notifications.jobs.notify": 2, "plugins.webhooks.jobs.number_events": 1}
    assert roster(client, course) == {}
