"""Who hears of a lesson, and what a course needs to be published."""

import pytest

from plugins.lessons.api import LessonPublished
from tests.factories.courses import id_of, make_course
from tests.factories.lessons import make_lesson


def published(heard):
    return [str(event.lesson_id) for event in heard if isinstance(event, LessonPublished)]


def test_a_lesson_made_published_is_announced(client, teacher, heard):
    course = make_course(client, teacher)
    lesson = teacher.post(course + "lessons/", {"title": "Rings"}).json
    (event,) = [event for event in heard if isinstance(event, LessonPublished)]
    assert (str(event.lesson_id), event.title, event.by_user_id) == (lesson["id"], "Rings", teacher.user_id)
    assert str(event.course_id) == id_of(course)


def test_a_lesson_is_announced_when_it_turns_published_and_not_before_or_again(client, teacher, heard):
    course = make_course(client, teacher)
    lesson = teacher.post(course + "lessons/", {"title": "Rings", "is_published": False}).headers["Location"]
    assert published(heard) == []
    teacher.patch(lesson, {"is_published": True})
    teacher.put(lesson, {"title": "Fields", "is_published": True})
    assert published(heard) == [id_of(lesson)]


@pytest.mark.parametrize("status", ["draft", "archived"])
def test_nobody_hears_of_lessons_in_a_course_that_is_not_published(client, teacher, heard, status):
    course = make_course(client, teacher, status)
    teacher.post(course + "lessons/", {"title": "Rings"})
    teacher.patch(make_lesson(client, course, is_published=False), {"is_published": True})
    assert published(heard) == []


def test_a_course_without_lessons_is_not_published(client, teacher):
    course = make_course(client, teacher, "draft")
    assert teacher.put(course + "publication/", status=409).json["code"] == "no_lessons"
    assert teacher.get(course).json["status"] == "draft"
    make_lesson(client, course)
    assert teacher.put(course + "publication/").json["status"] == "published"


def test_a_course_is_deleted_with_its_lessons(client, teacher):
    course = make_course(client, teacher, "draft")
    lesson = make_lesson(client, course)
    teacher.delete(course)
    teacher.get(lesson, status=404)
