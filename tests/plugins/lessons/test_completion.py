"""``…/lessons/{lesson_id}/completion/``"""

import pytest

from courseplatform.testing import counted_statements
from plugins.enrollments.api import CourseCompleted
from plugins.lessons.models import Lesson
from plugins.lessons.operations import complete_lesson
from tests.factories.accounts import make_user
from tests.factories.courses import add_co_teacher, id_of, make_course
from tests.factories.enrollments import enrol
from tests.factories.lessons import make_lesson


@pytest.fixture
def course(client, teacher, student):
    """With ``student`` in it."""
    course = make_course(client, teacher)
    enrol(client, course, student)
    return course


def completed(heard):
    return [event.student_id for event in heard if isinstance(event, CourseCompleted)]


def test_completing_a_lesson_answers_the_progress(client, course, student):
    lesson = make_lesson(client, course)
    make_lesson(client, course)
    body = student.put(lesson + "completion/").json
    assert (body["done"], body["total"], body["percent"], body["status"]) == (1, 2, 50, "active")
    assert student.get(course + "progress/").json == body


def test_staff_who_are_enrolled_all_the_same_complete_nothing(client, course):
    lesson, both = make_lesson(client, course), make_user(client, "teacher")
    enrol(client, course, both)
    add_co_teacher(client, course, both)
    both.put(lesson + "completion/", status=403)


def test_completing_is_idempotent_and_keeps_the_first_time(client, course, student):
    completion = make_lesson(client, course) + "completion/"
    student.put(completion)
    first = student.get(completion).json
    client.clock.move(hours=1)
    student.put(completion)
    assert student.get(completion).json == first


def test_if_match_is_honoured_and_reading_again_is_304(client, course, student):
    completion = make_lesson(client, course) + "completion/"
    fresh = student.get(completion).headers["ETag"]
    student.get(completion, status=304, headers={"If-None-Match": fresh})
    for method in ("PUT", "DELETE"):
        answer = student.call(method, completion, status=412, headers={"If-Match": '"nope"'})
        assert answer.json["code"] == "precondition_failed"
    student.put(completion, headers={"If-Match": fresh})
    student.delete(completion, status=412, headers={"If-Match": fresh})
    student.delete(completion, headers={"If-Match": student.get(completion).headers["ETag"]})


def test_the_etag_of_the_progress_moves_with_it(client, course, student):
    lesson = make_lesson(client, course)
    before = student.get(course + "progress/").headers["ETag"]
    student.get(course + "progress/", status=304, headers={"If-None-Match": before})
    student.put(lesson + "completion/")
    assert student.get(course + "progress/", headers={"If-None-Match": before}).headers["ETag"] != before


def test_reading_never_marks(client, course, student):
    lesson = make_lesson(client, course)
    student.get(lesson)
    for _ in range(2):
        body = student.get(lesson + "completion/").json
        assert body == {"lesson_id": id_of(lesson), "is_completed": False, "completed_at": None}
    assert student.get(course + "progress/").json["done"] == 0


def test_the_last_lesson_completes_the_course_once(client, course, student, heard):
    lessons = [make_lesson(client, course) for _ in range(2)]
    student.put(lessons[0] + "completion/")
    assert completed(heard) == []
    for _ in range(2):
        assert student.put(lessons[1] + "completion/").json["status"] == "completed"
    assert completed(heard) == [student.user_id]


def test_a_completion_is_undone_but_a_completed_course_is_not(client, course, student):
    completion = make_lesson(client, course) + "completion/"
    student.put(completion)
    student.delete(completion)
    student.delete(completion)
    assert student.get(completion).json["is_completed"] is False
    body = student.get(course + "enrollments/me/").json
    assert (body["status"], body["progress_percent"]) == ("completed", 0)


def test_optional_and_unpublished_lessons_do_not_count(client, course, student, teacher):
    required, optional = make_lesson(client, course), make_lesson(client, course, is_required=False)
    make_lesson(client, course, is_published=False)
    make_lesson(client, course)
    assert student.put(optional + "completion/").json["done"] == 0
    assert student.put(required + "completion/").json["total"] == 2
    teacher.patch(required, {"is_published": False})
    body = student.get(course + "progress/").json
    assert (body["done"], body["total"]) == (0, 1)


def test_others_completions_do_not_count(client, course, student):
    lesson, other = make_lesson(client, course), make_user(client)
    enrol(client, course, other)
    other.put(lesson + "completion/")
    assert student.get(lesson + "completion/").json["is_completed"] is False
    assert student.get(course + "progress/").json["done"] == 0


@pytest.mark.parametrize("change", [{"is_published": False}, {"is_required": False}, None])
def test_who_has_done_the_rest_completes_the_course_when_it_shrinks(client, course, student, teacher, heard, change):
    lessons = [make_lesson(client, course) for _ in range(2)]
    student.put(lessons[0] + "completion/")
    if change:
        teacher.patch(lessons[1], change)
    else:
        teacher.delete(lessons[1])
    assert completed(heard) == []
    client.run_jobs()
    assert completed(heard) == [student.user_id]
    assert student.get(course + "enrollments/me/").json["status"] == "completed"


@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_only_students_of_the_course_complete_lessons(client, course, teacher, admin, method):
    completion = make_lesson(client, course) + "completion/"
    dropped, admin_in_course = make_user(client), make_user(client, "admin")
    enrol(client, course, dropped, "dropped")
    enrol(client, course, admin_in_course)
    for actor in (make_user(client), make_user(client, "teacher"), teacher, admin, dropped, admin_in_course):
        getattr(actor, method)(completion, status=403)
    getattr(client, method)(completion, status=401)


@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_an_unpublished_or_foreign_lesson_is_missing(client, course, teacher, student, method):
    hidden = make_lesson(client, course, is_published=False)
    foreign = make_lesson(client, make_course(client, teacher))
    getattr(student, method)(hidden + "completion/", status=404)
    getattr(student, method)(f"{course}lessons/{id_of(foreign)}/completion/", status=404)


def test_in_an_archived_course_completions_are_only_read(client, teacher, student):
    course = make_course(client, teacher, "archived")
    completion = make_lesson(client, course) + "completion/"
    enrol(client, course, student)
    student.get(completion)
    assert student.put(completion, status=409).json["code"] == "course_archived"
    assert student.delete(completion, status=409).json["code"] == "course_archived"


def test_completing_costs_few_statements(client, course, student):
    completion = make_lesson(client, course) + "completion/"
    with counted_statements(client.registry) as statements:
        student.put(completion)
    # The certificate's job is not ours to count.
    assert len([statement for statement in statements if "outbox" not in statement]) <= 8, statements
    with counted_statements(client.registry) as statements:
        student.get(completion)
    assert len(statements) <= 3, statements


def test_the_verb_works_without_http(client, course, student):
    lesson_id = id_of(make_lesson(client, course))
    with client.script() as request:
        complete_lesson(request, lesson=request.db.get(Lesson, lesson_id), student_id=student.user_id)
    assert student.get(course + "enrollments/me/").json["status"] == "completed"
