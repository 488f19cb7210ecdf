"""Dates of a cohort's own: what is shown, taken in, judged, signed and announced."""

from collections.abc import Callable
from typing import Any

from conftest import DAY, Person, School

from courseplatform.testing import counted_statements
from plugins.assignments.api import announce_due_soon

At = Callable[[int], None]


def deadline(person: Person, school: School) -> tuple[Any, Any, str]:
    shown = person.get(school.assignment).json
    assert shown["due_at"] == DAY.format(10)  # the assignment's own stays what it is
    return shown["deadline"]["due_at"], shown["deadline"]["lock_at"], shown["deadline"]["state"]


def test_a_student_is_shown_the_dates_of_the_own_cohort(school: School) -> None:
    cohort = school.cohort("A")
    inside, outside = school.student(cohort), school.student()
    school.set_dates(cohort, due_at=DAY.format(20), lock_at=DAY.format(25))
    assert deadline(inside, school) == (DAY.format(20), DAY.format(25), "open")
    assert deadline(outside, school) == (DAY.format(10), None, "open")
    assert deadline(school.teacher, school) == (DAY.format(10), None, "open")
    listed = inside.get(f"{school.lesson}assignments/").json["results"]
    assert [row["deadline"]["due_at"] for row in listed] == [DAY.format(20)]


def test_an_etag_is_good_for_the_dates_that_it_was_given_with(school: School) -> None:
    cohort = school.cohort("A")
    student = school.student(cohort)
    tag = student.get(school.assignment).headers["ETag"]
    student.get(school.assignment, 304, headers={"If-None-Match": tag})
    school.set_dates(cohort, due_at=DAY.format(20))
    student.get(school.assignment, 200, headers={"If-None-Match": tag})


def test_what_is_late_for_the_course_is_in_time_for_the_cohort(school: School, at: At) -> None:
    cohort = school.cohort("A")
    inside, outside = school.student(cohort), school.student()
    school.set_dates(cohort, due_at=DAY.format(20))
    at(15)
    assert not school.hand_in(inside)["is_late"]
    assert school.hand_in(outside)["is_late"]


def test_a_cohort_is_locked_out_by_its_own_date(school: School, at: At) -> None:
    cohort = school.cohort("A")
    inside, outside = school.student(cohort), school.student()
    school.set_dates(cohort, due_at=DAY.format(1), lock_at=DAY.format(2))
    at(3)
    answer = inside.post(f"{school.assignment}submissions/", {"text": "x"}, 409)
    assert answer.json["code"] == "submission_locked"
    school.hand_in(outside)


def test_a_receipt_says_the_dates_that_counted_for_the_student(school: School) -> None:
    cohort = school.cohort("A")
    student = school.student(cohort)
    school.set_dates(cohort, due_at=DAY.format(20), lock_at=DAY.format(25))
    submission = school.hand_in(student)
    receipt = student.get(f"{school.assignment}submissions/{submission['id']}/receipt/").json
    assert receipt["deadline"] == {"due_at": DAY.format(20), "lock_at": DAY.format(25)}


def lateness(school: School, *students: Person) -> list[bool]:
    found = school.teacher.get(f"{school.assignment}submissions/").json["results"]
    late = {row["student_id"]: row["is_late"] for row in found}
    return [late[student.id] for student in students]


def test_lateness_is_judged_anew_whatever_moves(school: School, at: At) -> None:
    cohort = school.cohort("A")
    inside, outside = school.student(cohort), school.student()
    at(15)
    for student in (inside, outside):
        school.hand_in(student)
    assert lateness(school, inside, outside) == [True, True]
    school.set_dates(cohort, due_at=DAY.format(20))
    assert lateness(school, inside, outside) == [False, True]
    school.move(outside, cohort)
    assert lateness(school, inside, outside) == [False, False]
    school.move(inside, None)
    assert lateness(school, inside, outside) == [True, False]
    school.teacher.patch(school.assignment, {"due_at": DAY.format(16)})  # the cohort's own stay as they are
    assert lateness(school, inside, outside) == [False, False]
    school.set_dates(cohort, 200, due_at=DAY.format(12))
    assert lateness(school, inside, outside) == [False, True]
    school.teacher.delete(f"{cohort}deadlines/{school.assignment.rstrip('/').rsplit('/', 1)[1]}/")
    assert lateness(school, inside, outside) == [False, False]


def told(person: Person, kind: str) -> list[str]:
    found = person.get("/api/users/notifications/").json["results"]
    return [row["message"] for row in found if row["kind"] == kind]


def test_each_student_hears_of_work_that_is_due_soon_by_the_own_date(school: School, at: At) -> None:
    cohort = school.cohort("A")
    inside, outside = school.student(cohort), school.student()
    school.set_dates(cohort, due_at=DAY.format(20))
    for day, expected in ((8, (0, 0)), (9, (0, 1)), (19, (1, 1))):
        at(day)
        for _ in range(2):
            with school.client.script() as request:
                announce_due_soon(request)
            school.client.run_jobs()
        assert (len(told(inside, "due_soon")), len(told(outside, "due_soon"))) == expected


def test_the_cohort_is_told_when_its_dates_move_and_nobody_else(school: School) -> None:
    cohort = school.cohort("A")
    inside, outside = school.student(cohort), school.student()
    school.set_dates(cohort, due_at=DAY.format(20))
    school.client.run_jobs()
    assert len(told(inside, "cohort_dates_moved")) == 1
    assert told(outside, "cohort_dates_moved") == told(school.teacher, "cohort_dates_moved") == []
    school.teacher.patch(school.assignment, {"due_at": DAY.format(12)})  # not the cohort's
    school.client.run_jobs()
    assert (len(told(inside, "due_date_changed")), len(told(outside, "due_date_changed"))) == (0, 1)


def test_dates_that_contradict_each_other_are_refused(school: School) -> None:
    cohort = school.cohort("A")
    answer = school.set_dates(cohort, 422, due_at=DAY.format(20), lock_at=DAY.format(19)).json
    assert answer["errors"][0]["name"] == "lock_at"


def test_an_assignment_of_another_course_has_no_dates_here(school: School) -> None:
    cohort = School(school.client).cohort("A")
    other = cohort.partition("/cohorts/")[0]
    assert other not in school.assignment
    foreign = school.assignment.rstrip("/").rsplit("/", 1)[1]
    owner = school.admin
    owner.put(f"{cohort}deadlines/{foreign}/", {"due_at": DAY.format(1)}, 404)


def test_own_dates_cost_one_statement_more_at_most(school: School) -> None:
    cohort = school.cohort("A")
    student = school.student(cohort)
    school.set_dates(cohort, due_at=DAY.format(20))
    student.get(school.course)  # signs in
    for address, most in ((school.assignment, 3), (f"{school.lesson}assignments/", 4)):
        with counted_statements(school.client.registry) as statements:
            student.get(address)
        assert len(statements) <= most
