"""``/courses/{course_id}/lessons/order/``"""

import pytest

from courseplatform.testing import counted_statements
from plugins.lessons import views
from tests.factories.courses import id_of, make_course
from tests.factories.lessons import make_lesson


@pytest.fixture
def course(client, teacher):
    return make_course(client, teacher)


@pytest.fixture
def ids(client, course):
    """Of three lessons, one of them unpublished, with gaps between their positions."""
    return [id_of(make_lesson(client, course, position=position, is_published=position != 5)) for position in (2, 5, 9)]


def read(teacher, course):
    answer = teacher.get(course + "lessons/order/")
    return answer.json["lesson_ids"], {"If-Match": answer.headers["ETag"]}


def test_the_order_names_all_lessons(teacher, course, ids):
    assert read(teacher, course)[0] == ids


def test_an_unchanged_order_is_304(client, teacher, course, ids):
    _, condition = read(teacher, course)
    teacher.get(course + "lessons/order/", status=304, headers={"If-None-Match": condition["If-Match"]})
    make_lesson(client, course)
    teacher.get(course + "lessons/order/", status=200, headers={"If-None-Match": condition["If-Match"]})


def test_lessons_are_put_in_any_order(teacher, course, ids):
    _, condition = read(teacher, course)
    wanted = [ids[2], ids[0], ids[1]]
    answer = teacher.put(course + "lessons/order/", {"lesson_ids": wanted}, headers=condition)
    assert [(row["id"], row["position"]) for row in answer.json["results"]] == list(zip(wanted, (1, 2, 3), strict=True))
    assert (answer.json["next"], answer.json["previous"]) == (None, None)
    assert read(teacher, course) == (wanted, {"If-Match": answer.headers["ETag"]})
    assert [row["id"] for row in teacher.get(course + "lessons/").json["results"]] == wanted


def test_without_the_etag_it_is_428(teacher, course, ids):
    answer = teacher.put(course + "lessons/order/", {"lesson_ids": ids}, status=428)
    assert answer.json["code"] == "precondition_required"


@pytest.mark.parametrize("change", ["reorder", "add", "delete"])
def test_with_a_stale_etag_it_is_412(client, teacher, course, ids, change):
    _, stale = read(teacher, course)
    if change == "reorder":
        teacher.put(course + "lessons/order/", {"lesson_ids": ids[::-1]}, headers=stale)
    elif change == "add":
        make_lesson(client, course)
    else:
        teacher.delete(f"{course}lessons/{ids[0]}/")
    before = read(teacher, course)[0]
    answer = teacher.put(course + "lessons/order/", {"lesson_ids": before}, status=412, headers=stale)
    assert answer.json["code"] == "precondition_failed"
    assert read(teacher, course)[0] == before


def test_only_a_permutation_of_all_lessons_is_an_order(client, teacher, course, ids):
    foreign = id_of(make_lesson(client, make_course(client, teacher)))
    _, condition = read(teacher, course)
    for wrong in ([], ids[:2], [*ids, ids[0]], [*ids[:2], ids[0]], [*ids[:2], foreign], [*ids, foreign]):
        answer = teacher.put(course + "lessons/order/", {"lesson_ids": wrong}, status=422, headers=condition)
        assert [fault["name"] for fault in answer.json["errors"]] == ["lesson_ids"]
    assert read(teacher, course)[0] == ids


@pytest.mark.parametrize("body", [{}, {"lesson_ids": None}, {"lesson_ids": "x"}, {"lesson_ids": ["x"]}, {"ids": []}])
def test_a_faulty_body_is_422(teacher, course, ids, body):
    teacher.put(course + "lessons/order/", body, status=422, headers={"If-Match": "*"})


def test_an_order_of_nothing_is_an_order(teacher, course):
    assert read(teacher, course)[0] == []
    assert teacher.put(course + "lessons/order/", {"lesson_ids": []}, headers={"If-Match": "*"}).json["results"] == []


def test_an_order_takes_one_update_however_many_lessons_there_are(client, teacher, course, ids):
    _, condition = read(teacher, course)
    with counted_statements(client.registry) as statements:
        teacher.put(course + "lessons/order/", {"lesson_ids": ids[::-1]}, headers=condition)
    assert len([statement for statement in statements if statement.startswith("UPDATE")]) == 1
    assert len(statements) <= 8, statements


def test_of_more_lessons_than_a_page_holds_the_answer_is_the_first_page_of_the_list(
    client, teacher, course, ids, monkeypatch
):
    monkeypatch.setattr(views, "PAGE_SIZE", 2)
    _, condition = read(teacher, course)
    first = teacher.put(course + "lessons/order/", {"lesson_ids": ids[::-1]}, headers=condition).json
    assert [row["id"] for row in first["results"]] == [ids[2], ids[1]]
    second = teacher.get(first["next"]).json
    assert [row["id"] for row in second["results"]] == [ids[0]]
    assert (first["previous"], second["next"]) == (None, None)
    assert teacher.get(second["previous"]).json == {**first, "next": first["next"]}
