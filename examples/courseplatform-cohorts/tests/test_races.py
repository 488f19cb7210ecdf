"""Many at once, truly committing."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from conftest import Person, School

from courseplatform.testing import Client

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
        body = {"student_id": person.id, "extensions": {"cohort": cohort.rstrip("/").rsplit("/", 1)[1]}}
        return school.teacher.call("POST", f"{school.course}enrollments/", body)

    assert at_once(put, people) == {200: 5, 409: THREADS - 5}
    assert school.teacher.get(cohort).json["member_count"] == 5
