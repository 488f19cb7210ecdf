"""``/courses/{course_id}/lessons/`` and one lesson."""

import pytest

from courseplatform.testing import counted_statements
from plugins.lessons import operations
from plugins.lessons.models import MAX_LESSONS, Lesson
from tests.factories.accounts import make_user
from tests.factories.assignments import make_assignment
from tests.factories.courses import add_co_teacher, id_of, make_course
from tests.factories.enrollments import enrol
from tests.factories.lessons import make_lesson
from tests.factories.submissions import make_submission

CARD = {"id", "course_id", "title", "position", "is_published", "is_required", "created_at"}
FULL = CARD | {"description", "materials"}
MATERIALS = [
    {"kind": "video", "title": "Part 1", "url": "https://example.com/1.mp4"},
    {"kind": "document", "title": "Текст", "url": "http://example.com/a?b=c#d"},
    {"kind": "link", "title": "", "url": "https://пример.рф/"},
]


def titles(answer):
    return [row["title"] for row in answer.json["results"]]


def test_a_lesson_is_made_at_the_end_of_the_course(client, teacher):
    course = make_course(client, teacher)
    make_lesson(client, course, position=7)
    body = {"title": " Rings ", "description": "d", "materials": MATERIALS, "is_required": False}
    answer = teacher.post(course + "lessons/", body)
    assert set(answer.json) == FULL
    assert answer.json["title"] == "Rings"
    assert answer.json["materials"] == MATERIALS
    assert answer.json["position"] == 8
    assert (answer.json["is_published"], answer.json["is_required"]) == (True, False)
    shown = teacher.get(answer.headers["Location"])
    assert shown.json == answer.json
    assert shown.headers["ETag"] == answer.headers["ETag"]


def test_left_out_fields_have_their_defaults(client, teacher):
    body = teacher.post(make_course(client, teacher) + "lessons/", {"title": "Rings"}).json
    assert (body["description"], body["materials"], body["position"]) == ("", [], 1)
    assert (body["is_published"], body["is_required"]) == (True, True)


def test_a_taken_position_is_409(client, teacher):
    course = make_course(client, teacher)
    make_lesson(client, course, position=3)
    answer = teacher.post(course + "lessons/", {"title": "Rings", "position": 3}, status=409)
    assert answer.json["code"] == "position_taken"
    teacher.post(course + "lessons/", {"title": "Rings", "position": 2})
    teacher.post(make_course(client, teacher) + "lessons/", {"title": "Rings", "position": 3})


def test_there_is_no_end_behind_the_largest_position(client, teacher):
    course = make_course(client, teacher)
    make_lesson(client, course, position=2**31 - 1)
    assert teacher.post(course + "lessons/", {"title": "Rings"}, status=409).json["code"] == "position_taken"


def test_a_course_has_so_many_lessons_and_no_more(client, teacher):
    course = make_course(client, teacher)
    with client.script() as request:
        rows = (
            Lesson(course_id=id_of(course), title="L", position=n, created_at=request.now) for n in range(MAX_LESSONS)
        )
        request.db.add_all(rows)
    refused = teacher.post(course + "lessons/", {"title": "Rings"}, status=409).json
    assert (refused["code"], refused["max_lessons"]) == ("too_many_lessons", MAX_LESSONS)
    ids = teacher.get(course + "lessons/order/")
    body = {"lesson_ids": ids.json["lesson_ids"][::-1]}
    page = teacher.put(course + "lessons/order/", body, headers={"If-Match": ids.headers["ETag"]}).json
    assert [row["id"] for row in page["results"]] == body["lesson_ids"][:100]


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("title", {"title": ""}),
        ("title", {"title": None}),
        ("title", {"title": "x" * 201}),
        ("description", {"description": 3}),
        ("position", {"position": -1}),
        ("position", {"position": True}),
        ("position", {"position": 2**31}),
        ("position", {"position": None}),
        ("is_published", {"is_published": "true"}),
        ("course_id", {"course_id": "00000000-0000-7000-8000-000000000000"}),
        ("id", {"id": "00000000-0000-7000-8000-000000000000"}),
        ("materials", {"materials": {}}),
        ("materials", {"materials": [{"kind": "link", "url": "https://example.com"}] * 51}),
        ("materials.0", {"materials": ["https://example.com"]}),
        ("materials.0", {"materials": [None]}),
        ("materials.0.kind", {"materials": [{"kind": "song", "url": "https://example.com"}]}),
        ("materials.0.url", {"materials": [{"kind": "link"}]}),
        ("materials.0.url", {"materials": [{"kind": "link", "url": "javascript:alert(1)"}]}),
        ("materials.0.url", {"materials": [{"kind": "link", "url": "ftp://example.com/a"}]}),
        ("materials.0.url", {"materials": [{"kind": "link", "url": "//example.com/a"}]}),
        ("materials.0.size", {"materials": [{"kind": "link", "url": "https://example.com", "size": 1}]}),
    ],
)
def test_a_faulty_field_is_named(client, teacher, name, fields):
    course = make_course(client, teacher)
    lesson = make_lesson(client, course)
    body = {"title": "Rings", **fields}
    assert [f["name"] for f in teacher.post(course + "lessons/", body, status=422).json["errors"]] == [name]
    assert [f["name"] for f in teacher.put(lesson, body, status=422).json["errors"]] == [name]


def test_lessons_are_listed_in_their_order_page_by_page(client, teacher):
    course = make_course(client, teacher)
    for position, title in ((3, "c"), (1, "a"), (2, "b")):
        make_lesson(client, course, title=title, position=position)
    first = client.get(course + "lessons/?limit=2")
    assert titles(first) == ["a", "b"]
    assert titles(client.get(first.json["next"])) == ["c"]


def test_everyone_sees_titles_and_participants_all(client, teacher, student, admin):
    course = make_course(client, teacher)
    make_lesson(client, course, description="secret", materials=MATERIALS)
    enrolled, dropped, other, helper = (
        make_user(client, role) for role in ("student", "student", "teacher", "teacher")
    )
    enrol(client, course, enrolled, "completed")
    enrol(client, course, dropped, "dropped")
    add_co_teacher(client, course, helper)
    for actor in (client, student, other, dropped):
        (row,) = actor.get(course + "lessons/").json["results"]
        assert set(row) == CARD
    for actor in (enrolled, teacher, helper, admin):
        (row,) = actor.get(course + "lessons/").json["results"]
        assert set(row) == FULL


def test_the_body_of_a_lesson_is_for_students_and_staff(client, teacher, student, admin):
    course = make_course(client, teacher)
    lesson = make_lesson(client, course)
    client.get(lesson, status=401)
    student.get(lesson, status=403)
    make_user(client, "teacher").get(lesson, status=403)
    enrol(client, course, student)
    for actor in (student, teacher, admin):
        assert set(actor.get(lesson).json) == FULL


def test_an_unpublished_lesson_exists_for_staff_only(client, teacher, student, admin):
    course = make_course(client, teacher)
    lesson = make_lesson(client, course, is_published=False)
    enrol(client, course, student)
    for actor in (client, student, make_user(client, "teacher")):
        assert actor.get(course + "lessons/").json["results"] == []
        assert actor.get(lesson, status=404).json["code"] == "not_found"
        actor.put(lesson, {"title": "x"}, status=404)
    for actor in (teacher, admin):
        assert len(actor.get(course + "lessons/").json["results"]) == 1
        actor.get(lesson)


def test_lessons_of_a_draft_are_hidden(client, teacher, student):
    course = make_course(client, teacher, "draft")
    lesson = make_lesson(client, course)
    for actor in (client, student):
        actor.get(course + "lessons/", status=404)
        actor.get(lesson, status=404)
    teacher.get(lesson)


def test_past_participants_read_an_archived_course(client, teacher, student):
    course = make_course(client, teacher, "archived")
    lesson = make_lesson(client, course)
    enrol(client, course, student)
    assert student.get(lesson).json["title"] == "Groups"
    make_user(client).get(lesson, status=404)


@pytest.mark.parametrize(("role", "status"), [(None, 401), ("student", 403), ("enrolled", 403), ("teacher", 403)])
def test_only_staff_write(client, teacher, role, status):
    course = make_course(client, teacher)
    lesson = make_lesson(client, course)
    actor = client if role is None else make_user(client, "teacher" if role == "teacher" else "student")
    if role == "enrolled":
        enrol(client, course, actor)
    actor.post(course + "lessons/", {"title": "x"}, status=status)
    actor.put(lesson, {"title": "x"}, status=status)
    actor.patch(lesson, {"title": "x"}, status=status)
    actor.delete(lesson, status=status)
    actor.get(course + "lessons/order/", status=status)
    actor.put(course + "lessons/order/", {"lesson_ids": []}, status=status)


def test_co_teachers_and_administrators_write(client, teacher, admin):
    course, helper = make_course(client, teacher), make_user(client, "teacher")
    add_co_teacher(client, course, helper)
    for actor in (helper, admin):
        lesson = actor.post(course + "lessons/", {"title": "x"}).headers["Location"]
        actor.patch(lesson, {"title": "y"})
        actor.delete(lesson)


def test_put_replaces_all_but_the_position(client, teacher):
    lesson = make_lesson(client, make_course(client, teacher), position=4, description="d", is_required=False)
    body = teacher.put(lesson, {"title": "Rings"}).json
    assert (body["title"], body["description"], body["is_required"], body["position"]) == ("Rings", "", True, 4)


def test_patch_changes_what_it_names_and_null_resets(client, teacher):
    lesson = make_lesson(client, make_course(client, teacher), description="d", materials=MATERIALS)
    body = teacher.patch(lesson, {"title": "Rings", "materials": None}).json
    assert (body["title"], body["description"], body["materials"]) == ("Rings", "d", [])
    assert teacher.patch(lesson, {"position": None}, status=422).json["errors"][0]["name"] == "position"


@pytest.mark.parametrize("method", ["put", "patch"])
def test_moving_to_a_taken_position_is_409(client, teacher, method):
    course = make_course(client, teacher)
    make_lesson(client, course, position=1)
    lesson = make_lesson(client, course, position=2)
    answer = getattr(teacher, method)(lesson, {"title": "x", "position": 1}, status=409)
    assert answer.json["code"] == "position_taken"
    assert getattr(teacher, method)(lesson, {"title": "x", "position": 5}).json["position"] == 5


def test_a_stale_write_is_412(client, teacher):
    lesson = make_lesson(client, make_course(client, teacher))
    tag = teacher.get(lesson).headers["ETag"]
    teacher.get(lesson, status=304, headers={"If-None-Match": tag})
    teacher.put(lesson, {"title": "x"}, headers={"If-Match": tag})
    for call in (
        lambda h: teacher.patch(lesson, {"title": "y"}, status=412, headers=h),
        lambda h: teacher.delete(lesson, status=412, headers=h),
    ):
        assert call({"If-Match": tag}).json["code"] == "precondition_failed"


def test_a_deleted_lesson_is_gone_with_its_assignments(client, teacher):
    course = make_course(client, teacher)
    lesson = make_lesson(client, course)
    make_assignment(client, lesson)
    teacher.delete(lesson)
    teacher.get(lesson, status=404)
    teacher.delete(lesson, status=404)


def test_a_lesson_that_holds_a_students_work_is_not_deleted(client, teacher, student):
    lesson = make_lesson(client, make_course(client, teacher))
    make_submission(client, make_assignment(client, lesson), student)
    teacher.delete(lesson, status=409)
    teacher.get(lesson)


def test_a_lesson_under_another_course_is_missing(client, teacher, student):
    lesson, other = make_lesson(client, make_course(client, teacher)), make_course(client, teacher)
    wrong = f"{other}lessons/{id_of(lesson)}/"
    for actor in (client, student, teacher):
        actor.get(wrong, status=404)
        actor.get(f"{other}lessons/nothing/", status=404)
    teacher.put(wrong, {"title": "x"}, status=404)
    teacher.delete(wrong, status=404)


def test_requests_cost_few_statements(client, teacher):
    course = make_course(client, teacher)
    lessons = [make_lesson(client, course) for _ in range(5)]
    calls = {
        3: lambda: teacher.get(lessons[0]),
        4: lambda: teacher.get(course + "lessons/"),
        8: lambda: teacher.put(lessons[0], {"title": "x", "is_required": False}),
        7: lambda: teacher.post(course + "lessons/", {"title": "x", "is_published": False}),
    }
    for budget, call in calls.items():
        with counted_statements(client.registry) as statements:
            call()
        assert len(statements) <= budget, statements


def test_the_verb_works_without_http(client, teacher):
    course = make_course(client, teacher)
    with client.script() as request:
        made = operations.create_lesson(
            request, course_id=id_of(course), title="Rings", by_user_id=teacher.user_id, is_published=False
        )
        assert (made.position, made.materials, made.is_required) == (1, [], True)
