"""``/courses/{course_id}/progress/``, completion, and the job that finds those who are done."""

import pytest
import sqlalchemy as sa
from pyramid.config import Configurator
from pyramid.exceptions import ConfigurationConflictError

from courseplatform.api import NotFound
from courseplatform.testing import counted_statements
from plugins.enrollments import progress
from plugins.enrollments.api import CourseCompleted, progress_of, recheck_course, refresh_progress
from plugins.enrollments.models import Enrollment
from plugins.lessons.models import Lesson, LessonCompletion
from tests.factories.accounts import make_user
from tests.factories.courses import id_of, make_course
from tests.factories.enrollments import enrol
from tests.factories.lessons import make_lesson


def complete(client, lesson, student):
    with client.script() as request:
        request.db.add(LessonCompletion(lesson_id=id_of(lesson), student_id=student.user_id, completed_at=request.now))


def completed(heard):
    return [event.student_id for event in heard if isinstance(event, CourseCompleted)]


@pytest.mark.parametrize(
    ("done", "total", "percent"), [(0, 0, 0), (1, 0, 0), (0, 3, 0), (1, 3, 33), (2, 3, 66), (3, 3, 100), (4, 3, 100)]
)
def test_percent_is_rounded_down_and_between_0_and_100(done, total, percent):
    assert progress.percent_of(done, total) == percent


def test_progress_tells_done_of_total(client, teacher, student):
    course = make_course(client, teacher)
    lessons = [make_lesson(client, course) for _ in range(3)]
    enrol(client, course, student)
    complete(client, lessons[0], student)
    complete(client, lessons[1], make_user(client))
    body = student.get(course + "progress/").json
    assert (body["course_id"], body["student_id"]) == (id_of(course), student.id)
    assert (body["done"], body["total"], body["percent"]) == (1, 3, 33)
    assert body["sources"]["lessons"] == {"done": 1, "total": 3}
    assert student.get(course + "enrollments/me/").json["progress_percent"] == 33
    assert teacher.get(course + "enrollments/").json["results"][0]["progress_percent"] == 33


def test_an_empty_course_is_at_0_percent_and_completed_by_nobody(client, teacher, student):
    course = make_course(client, teacher)
    enrol(client, course, student)
    assert student.get(course + "progress/").json["percent"] == 0
    with client.script() as request:
        refresh_progress(request, course_id=id_of(course))
    assert student.get(course + "progress/").json["status"] == "active"


def test_the_etag_of_an_enrollment_moves_with_its_progress(client, teacher, student):
    course = make_course(client, teacher)
    lesson, item = make_lesson(client, course), enrol(client, course, student)
    tag, own = teacher.get(item).headers["ETag"], student.get(course + "enrollments/me/").headers["ETag"]
    complete(client, lesson, student)
    assert teacher.get(item, headers={"If-None-Match": tag}).json["progress_percent"] == 100
    assert student.get(course + "enrollments/me/", headers={"If-None-Match": own}).json["progress_percent"] == 100
    teacher.delete(item, status=412, headers={"If-Match": tag})


@pytest.mark.parametrize("role", ["student", "teacher", "admin"])
def test_who_never_enrolled_has_no_progress(client, teacher, role):
    actor = make_user(client, role)
    assert actor.get(make_course(client, teacher) + "progress/", status=404).json["code"] == "not_found"


def test_staff_have_no_progress_and_anonymous_callers_sign_in_first(client, teacher):
    course = make_course(client, teacher)
    teacher.get(course + "progress/", status=404)
    client.get(course + "progress/", status=401)


def test_progress_stays_readable_after_dropping(client, teacher, student):
    course = make_course(client, teacher)
    enrol(client, course, student, "dropped")
    assert student.get(course + "progress/").json["status"] == "dropped"


def test_progress_costs_three_statements(client, teacher, student):
    course = make_course(client, teacher)
    enrol(client, course, student)
    with counted_statements(client.registry) as statements:
        student.get(course + "progress/")
    assert len(statements) <= 3, statements


def test_progress_of_someone_who_never_enrolled_is_not_found(client, teacher, student):
    course = make_course(client, teacher)
    with client.script() as request, pytest.raises(NotFound):
        progress_of(request, id_of(course), student.user_id)


def test_completion_is_noted_once_with_its_time(client, teacher, student, heard):
    course = make_course(client, teacher)
    lesson = make_lesson(client, course)
    enrol(client, course, student)
    complete(client, lesson, student)
    for _ in range(2):
        with client.script() as request:
            refresh_progress(request, course_id=id_of(course), student_id=student.user_id)
    assert completed(heard) == [student.user_id]
    body = student.get(course + "enrollments/me/").json
    assert body["status"] == "completed" and body["completed_at"] is not None


def test_completed_stays_completed_when_the_course_grows(client, teacher, student):
    course = make_course(client, teacher)
    enrol(client, course, student, "completed")
    make_lesson(client, course)
    with client.script() as request:
        recheck_course(request, id_of(course))
    client.run_jobs()
    body = student.get(course + "enrollments/me/").json
    assert (body["status"], body["progress_percent"]) == ("completed", 0)


@pytest.mark.parametrize("status", ["dropped", "removed"])
def test_only_active_enrollments_are_completed(client, teacher, student, heard, status):
    course = make_course(client, teacher)
    lesson = make_lesson(client, course)
    enrol(client, course, student, status)
    complete(client, lesson, student)
    with client.script() as request:
        refresh_progress(request, course_id=id_of(course))
    assert completed(heard) == []


def test_a_student_who_comes_back_to_a_finished_course_completes_it(client, teacher, student, heard):
    course = make_course(client, teacher)
    lesson = make_lesson(client, course)
    enrol(client, course, student, "dropped")
    complete(client, lesson, student)
    assert student.put(course + "enrollments/me/").json["status"] == "completed"
    assert completed(heard) == [student.user_id]


def test_the_job_completes_all_who_are_done_chunk_by_chunk(client, teacher, heard, monkeypatch):
    monkeypatch.setattr(progress, "CHUNK", 2)
    course = make_course(client, teacher)
    lesson = make_lesson(client, course)
    students = [make_user(client) for _ in range(5)]
    for student in students:
        enrol(client, course, student)
    for student in students[1:]:
        complete(client, lesson, student)
    with client.script() as request:
        recheck_course(request, id_of(course))
    client.run_jobs()
    assert completed(heard) == [student.user_id for student in students[1:]]
    with client.script() as request:
        active = sa.select(Enrollment.student_id).where(
            Enrollment.course_id == id_of(course), Enrollment.status == "active"
        )
        assert request.db.scalars(active).all() == [students[0].user_id]


def test_the_job_leaves_other_courses_alone(client, teacher, student, heard):
    course, other = make_course(client, teacher), make_course(client, teacher)
    complete(client, make_lesson(client, course), student)
    enrol(client, course, student)
    with client.script() as request:
        recheck_course(request, id_of(other))
    client.run_jobs()
    assert completed(heard) == []


def test_two_sources_of_one_name_are_a_conflict_at_start_up():
    def anything(*ids):
        return sa.select(sa.func.count(Lesson.id))

    def includeme(config):
        config.add_progress_source("same", total=anything, done=anything)

    def another(config):
        config.add_progress_source("same", total=anything, done=anything)

    config = Configurator()
    config.include("plugins.enrollments.progress")
    config.include(includeme)
    config.include(another)
    with pytest.raises(ConfigurationConflictError):
        config.commit()
