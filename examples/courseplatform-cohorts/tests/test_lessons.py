"""Lessons for a cohort alone."""

from conftest import Person, School, id_of


def test_a_lesson_of_a_cohort_does_not_exist_for_students_outside(school: School) -> None:
    cohort = school.cohort("A", lesson_ids=[id_of(school.lesson)])
    inside, outside = school.student(cohort), school.student()
    submission = school.hand_in(inside)
    own = f"{school.assignment}submissions/{submission['id']}/"
    beneath = ["", "assignments/", "comments/", "completion/"]
    for address in [*(school.lesson + more for more in beneath), school.assignment, own]:
        inside.get(address)
        assert outside.get(address, 404).json["code"] == "not_found"
    outside.post(f"{school.assignment}submissions/", {"text": "x"}, 404)
    outside.put(f"{school.lesson}completion/", status=404)
    outside.post(f"{school.lesson}comments/", {"text": "x"}, 404)
    for person in (school.teacher, school.admin):
        person.get(school.lesson)
        person.get(own)


def test_its_title_is_listed_and_its_body_only_to_those_inside(school: School) -> None:
    cohort = school.cohort("A", lesson_ids=[id_of(school.lesson)])
    inside, outside = school.student(cohort), school.student()

    def bodies(person: Person) -> list[bool]:
        rows = person.get(f"{school.course}lessons/").json["results"]
        assert [row["title"] for row in rows] == ["Groups", "Rings"]
        return ["description" in row for row in rows]

    assert bodies(inside) == bodies(school.teacher) == bodies(school.admin) == [True, True]
    assert bodies(outside) == [False, True]
    rows = school.client.get(f"{school.course}lessons/").json["results"]
    assert ["description" in row for row in rows] == [False, False]


def test_nobody_is_required_to_do_what_they_cannot_see(school: School) -> None:
    cohort = school.cohort("A", lesson_ids=[id_of(school.lesson)])
    inside, outside = school.student(cohort), school.student()
    for student, total in ((inside, 3), (outside, 1)):
        assert student.get(f"{school.course}progress/").json["total"] == total
    assert outside.put(f"{school.second}completion/").json["percent"] == 100
    assert inside.put(f"{school.second}completion/").json["percent"] == 33
    assert outside.get(f"{school.course}enrollments/me/").json["status"] == "completed"


def test_who_leaves_the_cohort_may_have_done_all_that_is_left(school: School) -> None:
    cohort = school.cohort("A", lesson_ids=[id_of(school.lesson)])
    student = school.student(cohort)
    student.put(f"{school.second}completion/")
    school.move(student, None)
    assert student.get(f"{school.course}enrollments/me/").json["status"] == "completed"


def test_what_becomes_a_cohorts_own_is_rechecked_for_all(school: School) -> None:
    cohort = school.cohort("A")
    student = school.student()
    student.put(f"{school.second}completion/")
    school.teacher.patch(cohort, {"lesson_ids": [id_of(school.lesson)]})
    school.client.run_jobs()
    assert student.get(f"{school.course}enrollments/me/").json["status"] == "completed"


def test_students_outside_are_told_nothing_of_it(school: School) -> None:
    cohort = school.cohort("A", lesson_ids=[id_of(school.lesson)])
    inside, outside = school.student(cohort), school.student()
    school.made(f"{school.lesson}assignments/", title="Sheet 2")
    school.client.run_jobs()

    def kinds(person: Person) -> list[str]:
        return [row["kind"] for row in person.get("/api/users/notifications/").json["results"]]

    assert "assignment_published" in kinds(inside)
    assert "assignment_published" not in kinds(outside)


def test_who_left_the_cohort_is_told_neither_of_a_grade_nor_of_an_answer(school: School) -> None:
    cohort = school.cohort("A", lesson_ids=[id_of(school.lesson)])
    stays, leaves = school.student(cohort), school.student(cohort)
    threads = []
    for student in (stays, leaves):
        submission = f"{school.assignment}submissions/{school.hand_in(student)['id']}/"
        for place in (school.lesson, school.assignment, submission):
            written = student.post(f"{place}comments/", {"text": "?"}).json
            threads.append((f"{place}comments/", written["id"]))
        threads.append((submission, None))
    school.client.run_jobs()
    school.move(leaves, None)
    for address, comment_id in threads:
        if comment_id is not None:
            school.teacher.post(address, {"text": "!", "parent_id": comment_id})
        else:
            etag = school.teacher.get(address).headers["ETag"]
            school.teacher.put(f"{address}grade/", {"grade": 9}, headers={"If-Match": etag})
    school.client.run_jobs()

    def kinds(person: Person) -> set[str]:
        return {row["kind"] for row in person.get("/api/users/notifications/").json["results"]} - {"enrolled"}

    assert kinds(stays) == {"replied", "graded"}
    assert len(stays.get("/api/users/notifications/").json["results"]) == 5
    assert kinds(leaves) == set()


def test_lessons_of_other_courses_are_refused(school: School) -> None:
    foreign = School(school.client).lesson
    body = {"name": "A", "lesson_ids": [id_of(foreign)]}
    answer = school.teacher.post(f"{school.course}cohorts/", body, 422).json
    assert answer["errors"][0]["name"] == "lesson_ids"
