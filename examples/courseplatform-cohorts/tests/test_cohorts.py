"""Cohorts themselves, and who sits in them."""

import sqlalchemy as sa
from conftest import Person, School, id_of
from courseplatform_cohorts.jobs import free_abandoned_seats

from courseplatform.testing import Client
from plugins.enrollments.api import Enrollment


def test_a_cohort_has_as_many_seats_as_the_setting_says_unless_told(school: School) -> None:
    assert school.teacher.get(school.cohort("A")).json["capacity"] == 30
    assert school.teacher.get(school.cohort("B", capacity=2)).json["capacity"] == 2


def test_two_cohorts_of_a_course_have_two_names(school: School) -> None:
    school.cohort("A")
    answer = school.teacher.post(f"{school.course}cohorts/", {"name": "A"}, 409)
    assert answer.json["code"] == "cohort_name_taken"


def test_staff_put_students_into_cohorts_through_the_enrollment(school: School) -> None:
    cohort = school.cohort("A")
    student = school.student()
    answer = school.move(student, cohort).json
    assert answer["extensions"] == {"cohort": id_of(cohort)}
    assert school.teacher.get(cohort).json["member_count"] == 1
    assert school.move(student, None).json["extensions"] == {"cohort": None}
    assert school.teacher.get(cohort).json["member_count"] == 0


def test_a_student_sees_the_own_cohort_and_no_other(school: School) -> None:
    cohort, other = school.cohort("A"), school.cohort("B")
    student = school.student(cohort)
    enrollment = student.get(f"{school.course}enrollments/me/?expand=cohort").json
    assert enrollment["extensions"] == {"cohort": id_of(cohort)}
    assert student.get(cohort).json["name"] == "A"
    assert student.get(other, 404).json["code"] == "not_found"
    student.get(f"{school.course}cohorts/", 403)


def test_the_roster_can_be_narrowed_to_a_cohort(school: School) -> None:
    cohort = school.cohort("A")
    inside, _ = school.student(cohort), school.student()
    found = school.teacher.get(f"{school.course}enrollments/?cohort={id_of(cohort)}&expand=cohort").json["results"]
    assert [(row["student_id"], row["extensions"]["cohort"]) for row in found] == [(inside.id, id_of(cohort))]


def test_a_cohort_of_another_course_is_refused_and_nothing_is_written(school: School) -> None:
    cohort, outsider = School(school.client).cohort("A"), Person(school.client)
    answer = school.move(outsider, cohort, 422).json
    assert answer["errors"][0]["name"] == "extensions.cohort"
    outsider.get(f"{school.course}enrollments/me/", 404)


def test_a_full_cohort_refuses_and_a_place_that_is_left_is_free(school: School) -> None:
    cohort = school.cohort("A", capacity=1)
    first, second = school.student(cohort), school.student()
    assert school.move(second, cohort, 409).json["code"] == "cohort_full"
    first.delete(f"{school.course}enrollments/me/")
    school.move(second, cohort)


def test_who_enrols_gets_a_seat_in_an_open_cohort_or_is_refused(school: School) -> None:
    first, second = (school.cohort(name, capacity=1, is_open=True) for name in "AB")
    seats = []
    for _ in range(2):
        student = Person(school.client)
        student.put(f"{school.course}enrollments/me/", status=201)
        enrollment = student.get(f"{school.course}enrollments/me/?expand=cohort").json
        seats.append(enrollment["extensions"]["cohort"])
    assert seats == [id_of(first), id_of(second)]
    late = Person(school.client)
    assert late.put(f"{school.course}enrollments/me/", status=409).json["code"] == "cohort_full"
    late.get(f"{school.course}enrollments/me/", 404)


def test_a_cohort_with_members_can_neither_go_nor_shrink_below_them(school: School) -> None:
    cohort = school.cohort("A", capacity=2)
    for _ in range(2):
        school.student(cohort)
    refused = school.teacher.delete(cohort, 409).json
    assert (refused["code"], refused["member_count"]) == ("cohort_has_members", 2)
    assert school.teacher.patch(cohort, {"capacity": 1}, 409).json["code"] == "cohort_full"


def test_a_course_that_is_deleted_by_force_takes_its_cohorts_along(school: School) -> None:
    school.student(school.cohort("A", lesson_ids=[id_of(school.second)]))
    school.admin.delete(f"{school.course}?force=true")


def test_who_is_erased_leaves_nothing_behind(school: School) -> None:
    cohort = school.cohort("A")
    student = school.student(cohort)
    assert [part["name"] for part in student.get("/api/users/me/export/").json["cohorts"]] == ["A"]
    school.admin.delete(f"/api/users/{student.id}/")
    school.client.run_jobs()
    assert school.teacher.get(cohort).json["member_count"] == 0


def test_a_seat_that_nobody_gave_back_is_freed_by_the_daily_job(school: School) -> None:
    cohort = school.cohort("A")
    enrollment_id = school.move(school.student(), cohort).json["id"]
    with school.client.script() as request:
        request.db.execute(sa.update(Enrollment).where(Enrollment.id == enrollment_id).values(status="dropped"))
        request.enqueue(free_abandoned_seats)
    school.client.run_jobs()
    assert school.teacher.get(cohort).json["member_count"] == 0


def test_the_platform_tells_clients_that_there_are_cohorts(client: Client) -> None:
    told = client.get("/api/").json
    assert "courseplatform_cohorts" in told["plugins"] and "cohorts" in told["capabilities"]


def test_the_swagger_document_describes_what_cohorts_add(client: Client) -> None:
    document = client.get("/api/swagger.json").json
    definitions, roster = document["definitions"], document["paths"]["/api/courses/{course_id}/enrollments/"]
    shown = definitions["Enrollment"]["properties"]["extensions"]["properties"]["cohort"]
    taken = definitions["NewEnrollment"]["properties"]["extensions"]["properties"]["cohort"]
    assert shown["format"] == taken["format"] == "uuid" and taken["x-nullable"]
    assert "cohort" in [parameter["name"] for parameter in roster["get"]["parameters"]]
    assert "cohort_full" in roster["post"]["responses"]["409"]["$ref"]
    assert "/api/courses/{course_id}/cohorts/{cohort_id}/" in document["paths"]
