"""What many do at once, with real commits."""

import sqlalchemy as sa

from plugins.lessons.models import LessonCompletion
from tests.factories.accounts import make_user
from tests.factories.courses import id_of, make_course
from tests.factories.enrollments import enrol
from tests.factories.lessons import make_lesson
from tests.races import THREADS, statuses_at_once


def test_lessons_made_at_once_get_one_position_each(committing_client):
    client = committing_client
    teacher = make_user(client, "teacher")
    course = make_course(client, teacher)
    calls = [lambda: teacher.post(course + "lessons/", {"title": "L"}, status=None)] * THREADS
    assert statuses_at_once(*calls) == {201: THREADS}
    rows = teacher.get(course + "lessons/?limit=100").json["results"]
    assert [row["position"] for row in rows] == list(range(1, THREADS + 1))


def test_of_lessons_made_at_once_for_one_position_one_gets_it(committing_client):
    client = committing_client
    teacher = make_user(client, "teacher")
    course = make_course(client, teacher)
    calls = [lambda: teacher.post(course + "lessons/", {"title": "L", "position": 1}, status=None)] * 16
    assert statuses_at_once(*calls) == {201: 1, 409: 15}


def test_one_lesson_completed_many_times_at_once_is_completed_once(committing_client):
    client = committing_client
    teacher, student = make_user(client, "teacher"), make_user(client)
    course = make_course(client, teacher)
    lesson = make_lesson(client, course)
    enrol(client, course, student)
    assert statuses_at_once(*[lambda: student.put(f"{lesson}completion/", status=None)] * THREADS) == {200: THREADS}
    with client.script() as request:
        assert request.db.scalar(sa.select(sa.func.count()).select_from(LessonCompletion)) == 1


def test_a_student_completes_while_the_other_lesson_goes_and_is_done(committing_client):
    client = committing_client
    teacher = make_user(client, "teacher")
    for _ in range(8):
        course, student = make_course(client, teacher), make_user(client)
        lessons = [make_lesson(client, course) for _ in range(2)]
        enrol(client, course, student)
        statuses = statuses_at_once(
            lambda student=student, lessons=lessons: student.put(lessons[0] + "completion/", status=None),
            lambda lessons=lessons: teacher.delete(lessons[1], status=None),
        )
        assert statuses == {200: 1, 204: 1}
        client.run_jobs()
        assert student.get(course + "enrollments/me/").json["status"] == "completed"


def test_moving_one_lesson_while_all_are_reordered_ends_well(committing_client):
    client = committing_client
    teacher = make_user(client, "teacher")
    course = make_course(client, teacher)
    lessons = [make_lesson(client, course) for _ in range(6)]
    ids = [id_of(lesson) for lesson in lessons]
    for _ in range(6):
        tag = teacher.get(course + "lessons/order/").headers["ETag"]
        ids.append(ids.pop(0))
        body = {"lesson_ids": list(ids)}
        statuses = statuses_at_once(
            *[
                lambda lesson=lesson: teacher.patch(lesson, {"position": 50}, status=None)
                for lesson in (lessons[0], lessons[-1])
            ],
            lambda tag=tag, body=body: teacher.put(
                course + "lessons/order/", body, status=None, headers={"If-Match": tag}
            ),
        )
        assert set(statuses) <= {200, 409, 412}, statuses
        assert 200 in statuses


def test_lessons_that_swap_their_positions_at_once_don_t_wait_for_each_other(committing_client):
    client = committing_client
    teacher = make_user(client, "teacher")
    course = make_course(client, teacher)
    lessons = [make_lesson(client, course) for _ in range(2)]
    for _ in range(6):
        statuses = statuses_at_once(
            *[
                lambda lesson=lesson, position=position: teacher.patch(lesson, {"position": position}, status=None)
                for lesson, position in zip(lessons * 4, (2, 1, 3, 3, 1, 2, 2, 3), strict=True)
            ]
        )
        assert set(statuses) <= {200, 409}, statuses
