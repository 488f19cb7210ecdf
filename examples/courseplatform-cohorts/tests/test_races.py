"""Many at once, truly committing."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier, Thread
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from conftest import Person, School, id_of
from courseplatform_cohorts.models import Cohort
from courseplatform_cohorts.operations import seat_newcomer, set_deadline

from courseplatform.testing import Client
from plugins.enrollments.api import StudentEnrolled

THREADS = 32


def at_once(work: Any, people: list[Person]) -> Counter[int]:
    start = Barrier(len(people))

    def go(person: Person) -> int:
        start.wait()
        status: int = work(person).status_int
        return status

    with ThreadPoolExecutor(len(people)) as pool:
        return Counter(pool.map(go, people))


def test_of_32_who_want_the_last_three_seats_three_get_one(committing_client: Client) -> None:
    school = School(committing_client)
    cohort = school.cohort("A", capacity=3, is_open=True)
    people = [Person(committing_client) for _ in range(THREADS)]
    statuses = at_once(lambda person: person.call("PUT", f"{school.course}enrollments/me/"), people)
    assert statuses == {201: 3, 409: THREADS - 3}
    assert school.teacher.get(cohort).json["member_count"] == 3
    assert len(school.teacher.get(f"{school.course}enrollments/?limit=100").json["results"]) == 3


def test_of_32_whom_staff_put_into_a_cohort_as_many_as_it_has_seats_get_one(committing_client: Client) -> None:
    school = School(committing_client)
    cohort = school.cohort("A", capacity=5)
    people = [school.student() for _ in range(THREADS)]

    def put(person: Person) -> Any:
        body = {"student_id": person.id, "extensions": {"cohort": id_of(cohort)}}
        return school.teacher.call("POST", f"{school.course}enrollments/", body)

    assert at_once(put, people) == {200: 5, 409: THREADS - 5}
    assert school.teacher.get(cohort).json["member_count"] == 5


def test_enrolling_many_into_a_cohort_that_fills_up_takes_as_many_as_there_are_seats(
    committing_client: Client,
) -> None:
    """Also while some of them enrol themselves: nobody waits for somebody who waits for them.

    Here those whom staff enrol are seated like those who enrol themselves.
    """

    def seat_too(event: StudentEnrolled) -> None:
        about = {"enrollment_id": event.enrollment_id, "student_id": event.student_id, "course_id": event.course_id}
        if event.by_user_id != event.student_id:
            seat_newcomer(event.request, **about)

    committing_client.registry.registerHandler(seat_too, (StudentEnrolled,))
    engine, deadlocks = committing_client.registry["db.engine"], []

    def note(context: Any) -> None:
        if getattr(context.original_exception, "pgcode", None) == "40P01":
            deadlocks.append(context.statement)

    sa.event.listen(engine, "handle_error", note)
    for _ in range(2):
        school = School(committing_client)
        cohort = school.cohort("A", capacity=6, is_open=True)
        people = [Person(committing_client) for _ in range(12)]
        for person in people:
            person.get(school.course)  # signs in
        rows = {"rows": [{"student_id": person.id} for person in people[:10]]}
        calls: list[Callable[[], Any]] = [
            lambda s=school, r=rows: s.teacher.call("POST", f"{s.course}enrollments/bulk/?mode=each", r),
            *[lambda s=school, p=person: p.call("PUT", f"{s.course}enrollments/me/") for person in people[4:]],
        ]
        with ThreadPoolExecutor(len(calls)) as pool:
            bulk, *alone = [future.result() for future in [pool.submit(call) for call in calls]]
        assert bulk.status_int == 200
        assert {answer.status_int for answer in alone} <= {200, 201, 409}
        assert {row.get("code") for row in bulk.json["rows"]} <= {None, "cohort_full"}
        assert school.teacher.get(cohort).json["member_count"] == 6
        assert len(school.teacher.get(f"{school.course}enrollments/?limit=100").json["results"]) == 6
    sa.event.remove(engine, "handle_error", note)
    committing_client.registry.unregisterHandler(seat_too, (StudentEnrolled,))
    assert deadlocks == []


def test_who_hands_in_while_the_dates_move_waits_and_is_judged_by_the_new_ones(
    committing_client: Client, at: Callable[[int], None]
) -> None:
    school = School(committing_client)
    cohort = school.cohort("A")
    student = school.student(cohort)
    at(15)
    student.get(school.course)  # signs in
    handed_in: list[Any] = []
    handing_in = Thread(target=lambda: handed_in.append(school.hand_in(student)))
    with committing_client.script() as request:
        set_deadline(
            request,
            cohort=request.db.get_one(Cohort, UUID(id_of(cohort))),
            assignment_id=UUID(id_of(school.assignment)),
            due_at=datetime(2030, 3, 20, tzinfo=UTC),
            lock_at=None,
            by_user_id=UUID(school.teacher.id),
        )
        handing_in.start()
        handing_in.join(0.7)
        assert handing_in.is_alive()
    handing_in.join(20)
    assert [work["is_late"] for work in handed_in] == [False]
