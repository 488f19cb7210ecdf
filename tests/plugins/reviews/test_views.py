import pytest

from courseplatform.testing import counted_statements
from plugins.courses.models import Course
from tests.factories.accounts import make_user
from tests.factories.courses import add_co_teacher, id_of, make_course
from tests.factories.enrollments import enrol
from tests.factories.reviews import make_review


def set_course(client, course, **fields):
    with client.script() as request:
        row = request.db.get(Course, id_of(course))
        for name, value in fields.items():
            setattr(row, name, value)


def rating_of(client, course):
    body = client.get(course).json
    return body["review_count"], body["review_average"]


def test_a_student_of_the_course_reviews_it(client, course, enrolled):
    answer = enrolled.post(f"{course}reviews/", {"rating": 5, "text": "  Дуже добре  "})
    body = answer.json
    assert set(body) == {"id", "course_id", "student_id", "rating", "text", "created_at", "updated_at"}
    assert (body["rating"], body["text"], body["student_id"]) == (5, "Дуже добре", enrolled.id)
    assert body["course_id"] == id_of(course)
    assert answer.headers["Location"].endswith(f"reviews/{body['id']}/")
    assert client.get(answer.headers["Location"]).json == body


def test_the_text_is_optional(course, enrolled):
    assert enrolled.post(f"{course}reviews/", {"rating": 1}).json["text"] == ""


@pytest.mark.parametrize("status", ["dropped", "removed", "completed"])
def test_who_once_was_enrolled_may_review(client, course, student, status):
    enrol(client, course, student, status=status)
    student.post(f"{course}reviews/", {"rating": 2})


def test_a_teacher_who_is_a_student_here_may_review(client, course):
    colleague = make_user(client, "teacher")
    enrol(client, course, colleague)
    colleague.post(f"{course}reviews/", {"rating": 4})


@pytest.mark.parametrize("rating", [True, "5", 4.0, 0, 6, -1, None, [5]])
def test_a_rating_is_a_json_integer_from_one_to_five(course, enrolled, rating):
    answer = enrolled.post(f"{course}reviews/", {"rating": rating}, status=422)
    assert [error["name"] for error in answer.json["errors"]] == ["rating"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"rating": 5, "text": "x" * 5001},
        {"rating": 5, "text": 7},
        {"rating": 5, "student_id": "00000000-0000-7000-8000-000000000000"},
        {"rating": 5, "created_at": "2026-01-01T00:00:00Z"},
    ],
)
def test_other_faulty_bodies_are_refused(course, enrolled, body):
    enrolled.post(f"{course}reviews/", body, status=422)


def test_a_second_review_is_a_conflict_and_counts_nothing(client, course, enrolled):
    enrolled.post(f"{course}reviews/", {"rating": 5})
    answer = enrolled.post(f"{course}reviews/", {"rating": 1}, status=409)
    assert answer.json["code"] == "already_reviewed"
    assert rating_of(client, course) == (1, 5.0)


def test_after_deleting_the_review_another_may_be_written(client, course, enrolled):
    address = make_review(client, course, enrolled, rating=1)
    enrolled.delete(address)
    enrolled.post(f"{course}reviews/", {"rating": 5})
    assert rating_of(client, course) == (1, 5.0)


def test_writing_is_for_those_who_took_part(client, course, teacher, admin, student):
    co_teacher, elsewhere = make_user(client, "teacher"), make_user(client, "teacher")
    add_co_teacher(client, course, co_teacher)
    make_course(client, elsewhere)
    client.post(f"{course}reviews/", {"rating": 5}, status=401)
    for actor in (student, elsewhere, teacher, co_teacher, admin):
        assert actor.post(f"{course}reviews/", {"rating": 5}, status=403).json["code"] == "forbidden"


def test_staff_and_administrators_may_not_review_even_if_once_enrolled(client, course, teacher, admin):
    for actor in (teacher, admin):
        enrol(client, course, actor, status="dropped")
        actor.post(f"{course}reviews/", {"rating": 5}, status=403)


def test_everyone_reads_the_reviews_of_a_published_course(client, course, enrolled, teacher, admin):
    address = make_review(client, course, enrolled)
    for actor in (client, make_user(client), make_user(client, "teacher"), enrolled, teacher, admin):
        assert [row["id"] for row in actor.get(f"{course}reviews/").json["results"]] == [id_of(address)]
        assert actor.get(address).json["id"] == id_of(address)


def test_the_reviews_of_a_draft_are_hidden_with_it(client, course, enrolled, teacher, admin):
    address = make_review(client, course, enrolled)
    set_course(client, course, status="draft")
    for actor in (client, make_user(client), make_user(client, "teacher"), enrolled):
        actor.get(f"{course}reviews/", status=404)
        actor.get(address, status=404)
        actor.post(f"{course}reviews/", {"rating": 5}, status=404)
        actor.put(address, {"rating": 5}, status=404)
        actor.delete(address, status=404)
    for actor in (teacher, admin):
        actor.get(address)


def test_a_review_under_another_course_or_of_none_is_missing(client, course, enrolled, teacher, admin):
    address = make_review(client, course, enrolled)
    other = make_course(client, teacher)
    nested_wrongly = f"{other}reviews/{id_of(address)}/"
    missing = f"{course}reviews/{id_of(course)}/"
    for actor in (client, enrolled, admin):
        for path in (nested_wrongly, missing):
            actor.get(path, status=404)
            actor.put(path, {"rating": 1}, status=404)
            actor.patch(path, {"rating": 1}, status=404)
            actor.delete(path, status=404)


def test_the_author_replaces_and_patches_the_review(client, course, enrolled):
    address = make_review(client, course, enrolled, rating=4, text="Clear.")
    client.clock.move(hours=1)
    replaced = enrolled.put(address, {"rating": 2}).json
    assert (replaced["rating"], replaced["text"]) == (2, "")
    assert replaced["updated_at"] > replaced["created_at"]
    assert rating_of(client, course) == (1, 2.0)
    assert enrolled.patch(address, {"text": "Less clear."}).json["rating"] == 2
    patched = enrolled.patch(address, {"rating": 3}).json
    assert (patched["rating"], patched["text"]) == (3, "Less clear.")
    assert rating_of(client, course) == (1, 3.0)
    enrolled.put(address, {"text": "No rating"}, status=422)
    enrolled.patch(address, {"rating": None}, status=422)


def test_the_author_deletes_the_review(client, course, enrolled):
    address = make_review(client, course, enrolled)
    enrolled.delete(address)
    client.get(address, status=404)
    assert rating_of(client, course) == (0, None)


def test_an_administrator_edits_and_deletes(client, course, enrolled, admin):
    address = make_review(client, course, enrolled, rating=4)
    assert admin.patch(address, {"text": "[redacted]"}).json["student_id"] == enrolled.id
    admin.delete(address)
    assert rating_of(client, course) == (0, None)


def test_an_administrator_who_owns_the_course_still_moderates(client, enrolled, admin):
    course = make_course(client, admin)
    admin.delete(make_review(client, course, enrolled))


def test_nobody_else_edits_or_deletes(client, course, enrolled, teacher):
    address = make_review(client, course, enrolled)
    co_teacher, classmate = make_user(client, "teacher"), make_user(client)
    add_co_teacher(client, course, co_teacher)
    enrol(client, course, classmate)
    for actor, status in [(client, 401), *((a, 403) for a in (make_user(client), classmate, teacher, co_teacher))]:
        actor.put(address, {"rating": 1}, status=status)
        actor.patch(address, {"rating": 1}, status=status)
        actor.delete(address, status=status)
    assert rating_of(client, course) == (1, 4.0)


def test_an_author_who_joined_the_staff_has_no_say_any_more(client, course):
    author = make_user(client, "teacher")
    address = make_review(client, course, author, rating=5)
    add_co_teacher(client, course, author)
    author.put(address, {"rating": 5}, status=403)
    author.delete(address, status=403)


def test_an_archived_course_is_not_reviewed_any_more(client, course, enrolled, admin):
    address = make_review(client, course, enrolled)
    late = make_user(client)
    enrol(client, course, late)
    set_course(client, course, status="archived")
    for answer in (
        late.post(f"{course}reviews/", {"rating": 5}, status=409),
        enrolled.put(address, {"rating": 5}, status=409),
        enrolled.patch(address, {"text": "?"}, status=409),
        admin.patch(address, {"text": "?"}, status=409),
    ):
        assert answer.json["code"] == "course_archived"
    with client.script() as request:
        row = request.db.get(Course, id_of(course))
        assert (row.review_count, row.rating_sum) == (1, 4)


def test_in_an_archived_course_participants_read_and_delete_theirs(client, course, enrolled):
    address = make_review(client, course, enrolled)
    set_course(client, course, status="archived")
    enrolled.get(address)
    client.get(address, status=404)
    enrolled.delete(address)


def test_a_review_is_not_overwritten_blindly(client, course, enrolled):
    address = make_review(client, course, enrolled)
    stale = {"If-Match": client.get(address).headers["ETag"]}
    enrolled.patch(address, {"rating": 1}, headers=stale)
    enrolled.patch(address, {"rating": 5}, status=412, headers=stale)
    enrolled.delete(address, status=412, headers=stale)
    assert rating_of(client, course) == (1, 1.0)


def test_a_list_names_the_students_if_asked(client, course, enrolled):
    make_review(client, course, enrolled)
    assert "extensions" not in client.get(f"{course}reviews/").json["results"][0]
    row = client.get(f"{course}reviews/?expand=student").json["results"][0]
    assert row["extensions"]["student"]["id"] == enrolled.id
    assert "email" not in row["extensions"]["student"]
    client.get(f"{course}reviews/?expand=teacher", status=422)


def test_a_list_is_paged_from_the_newest(client, course):
    addresses = [make_review(client, course, make_user(client), rating=n) for n in (1, 2, 3)]
    first = client.get(f"{course}reviews/?limit=2").json
    second = client.get(first["next"]).json
    ids = [row["id"] for row in first["results"] + second["results"]]
    assert ids == [id_of(address) for address in reversed(addresses)]
    assert second["next"] is None
    client.get(f"{course}reviews/?rating=5", status=422)


def test_the_average_is_rounded_and_of_all_reviews(client, course):
    for rating in (5, 4, 4):
        make_review(client, course, make_user(client), rating=rating)
    assert rating_of(client, course) == (3, 4.33)


def test_deleting_the_course_takes_its_reviews(client, course, admin):
    address = make_review(client, course, make_user(client))
    admin.delete(course)
    admin.get(address, status=404)


def test_a_review_costs_few_statements(client, course, enrolled):
    address = make_review(client, course, make_user(client))
    for _ in range(3):
        make_review(client, course, make_user(client))
    for path, most in ((address, 3), (f"{course}reviews/?expand=student", 4)):
        with counted_statements(client.registry) as statements:
            enrolled.get(path)
        assert len(statements) <= most, statements
    with counted_statements(client.registry) as statements:
        mine = enrolled.post(f"{course}reviews/", {"rating": 5}).headers["Location"]
    assert len([s for s in statements if not s.startswith("INSERT")]) <= 5, statements
    with counted_statements(client.registry) as statements:
        enrolled.put(mine, {"rating": 1})
    assert len([s for s in statements if not s.startswith("INSERT")]) <= 8, statements
