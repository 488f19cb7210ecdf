"""``/users/``: who sees and changes whom; the last administrator; erasure."""

from typing import Any
from uuid import uuid4

import pytest

from courseplatform.testing import Client, counted_statements
from plugins.accounts.models import User
from tests.factories.accounts import PASSWORD, Actor, make_user
from tests.factories.courses import make_course

ME = "/api/users/me/"
CARD = {"id", "username", "first_name", "last_name", "role"}
FULL = CARD | {"email", "pending_email", "locale", "timezone", "created_at", "email_verified_at", "is_active"}


def at(actor: Actor) -> str:
    return f"/api/users/{actor.id}/"


def names(answer: Any) -> list[str]:
    return [user["username"] for user in answer.json["results"]]


def put_body(**changes: Any) -> dict[str, Any]:
    return {"username": "grace", "email": "grace@example.com", **changes}


# Reading


def test_one_sees_everything_of_oneself(student: Actor) -> None:
    mine = student.get(ME).json
    assert set(mine) == FULL
    assert mine == student.get(at(student)).json


@pytest.mark.parametrize("role", ["student", "teacher"])
def test_others_see_a_public_card(client: Client, student: Actor, role: str) -> None:
    assert set(make_user(client, role).get(at(student)).json) == CARD


def test_administrators_see_everything(admin: Actor, student: Actor) -> None:
    assert set(admin.get(at(student)).json) == FULL


def test_nobody_who_is_not_signed_in_sees_anybody(client: Client, student: Actor) -> None:
    for path in (ME, at(student), f"/api/users/{uuid4()}/", "/api/users/"):
        assert client.get(path, status=401).json["code"] == "unauthenticated"


def test_a_user_who_is_not_there_is_404(student: Actor) -> None:
    student.get(f"/api/users/{uuid4()}/", status=404)


def test_reading_a_user_costs_a_statement_and_oneself_two(client: Client, student: Actor) -> None:
    for path, count in ((ME, 2), (at(student), 1)):
        with counted_statements(client.registry) as statements:
            student.get(path)
        assert len(statements) == count, statements


# Listing


@pytest.mark.parametrize("role", ["student", "teacher"])
def test_only_administrators_list_users(client: Client, role: str) -> None:
    make_user(client, role).get("/api/users/", status=403)


def test_the_list_is_filtered_by_role_activity_and_start_of_a_name(client: Client, admin: Actor) -> None:
    make_user(client, "teacher", username="zoe.teacher")
    make_user(client, "student", username="zoe_student")
    make_user(client, "student", username="zoezidle", is_active=False)
    assert names(admin.get("/api/users/?search=ZOE")) == ["zoezidle", "zoe_student", "zoe.teacher"]
    assert names(admin.get("/api/users/?search=zoe&ordering=created_at&limit=1")) == ["zoe.teacher"]
    assert names(admin.get("/api/users/?search=zoe&role=teacher")) == ["zoe.teacher"]
    assert names(admin.get("/api/users/?search=zoe&is_active=false")) == ["zoezidle"]
    assert names(admin.get("/api/users/?search=zoe&is_active=true&role=student")) == ["zoe_student"]
    assert names(admin.get("/api/users/?search=zoe_")) == ["zoe_student"]  # no pattern
    assert names(admin.get("/api/users/?search=%25")) == []
    assert names(admin.get("/api/users/?search=zoe.teacher@")) == ["zoe.teacher"]


@pytest.mark.parametrize("query", ["role=owner", "is_active=1", "is_active=no", "ordering=password_hash", "email=x"])
def test_a_filter_that_there_is_not_is_422(admin: Actor, query: str) -> None:
    admin.get(f"/api/users/?{query}", status=422)


# Changing


def test_one_changes_oneself(client: Client, student: Actor) -> None:
    for path in (ME, at(student)):
        answer = student.patch(path, {"first_name": "Grace", "locale": "ru", "timezone": "Europe/Moscow"}).json
        assert (answer["first_name"], answer["locale"], answer["timezone"]) == ("Grace", "ru", "Europe/Moscow")
        assert student.patch(path, {"first_name": None}).json["first_name"] == ""


def test_put_replaces_and_resets_what_it_leaves_out(student: Actor) -> None:
    student.patch(ME, {"locale": "ru", "last_name": "Hopper"})
    answer = student.put(at(student), put_body()).json
    assert (answer["username"], answer["locale"], answer["last_name"]) == ("grace", "en", "")
    assert (answer["role"], answer["is_active"]) == ("student", True)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("timezone", "Mars/Olympus"),
        ("timezone", "../../etc/passwd"),
        ("timezone", ""),
        ("timezone", "/etc/localtime"),
        ("locale", "de"),
        ("username", None),
        ("email", "nobody"),
        ("role", "owner"),
        ("role", None),
        ("is_active", "false"),
        ("id", "01890a5d-ac96-774b-bcce-b302099a8057"),
        ("password", "correct horse battery"),
        ("password_hash", "x"),
        ("email_verified_at", "2030-01-01T00:00:00Z"),
        ("created_at", "2030-01-01T00:00:00Z"),
    ],
)
def test_a_field_that_is_wrong_or_not_to_be_written_is_422(student: Actor, field: str, value: Any) -> None:
    answer = student.patch(ME, {field: value}, status=422)
    assert [fault["name"] for fault in answer.json["errors"]] == [field]


def test_an_address_that_an_administrator_sets_has_to_be_verified_anew(
    client: Client, admin: Actor, student: Actor
) -> None:
    with client.script() as request:
        request.db.get(User, student.user_id).email_verified_at = request.now
    mine = student.get(ME).json
    assert mine["email_verified_at"]
    assert admin.patch(at(student), {"email": mine["email"]}).json["email_verified_at"]
    changed = admin.patch(at(student), {"email": "new@example.com"}).json
    assert (changed["email"], changed["pending_email"], changed["email_verified_at"]) == ("new@example.com", None, None)
    make_user(client, username="taken")
    assert admin.patch(at(student), {"email": "Taken@example.com"}, status=409).json["code"] == "email_taken"


def test_a_name_that_another_has_is_409(client: Client, student: Actor) -> None:
    make_user(client, username="taken")
    assert student.patch(ME, {"username": "TAKEN"}, status=409).json["code"] == "username_taken"
    assert student.patch(ME, {"email": "Taken@example.com"}, status=409).json["code"] == "email_taken"


@pytest.mark.parametrize("role", ["student", "teacher"])
def test_nobody_but_administrators_changes_others(client: Client, student: Actor, role: str) -> None:
    other = make_user(client, role)
    other.patch(at(student), {"first_name": "x"}, status=403)
    other.put(at(student), put_body(), status=403)
    other.delete(at(student), status=403)
    client.patch(at(student), {"first_name": "x"}, status=401)
    client.delete(at(student), status=401)


def test_administrators_set_role_and_activity_of_others(admin: Actor, student: Actor) -> None:
    assert admin.patch(at(student), {"role": "teacher", "is_active": False}).json["role"] == "teacher"
    assert admin.put(at(student), put_body(role="student", is_active=True)).json["is_active"] is True


@pytest.mark.parametrize("role", ["student", "teacher"])
@pytest.mark.parametrize("change", [{"role": "admin"}, {"is_active": False}])
def test_nobody_else_sets_role_or_activity_not_even_their_own(client: Client, role: str, change: Any) -> None:
    actor = make_user(client, role)
    for path in (ME, at(actor)):
        assert actor.patch(path, change, status=403).json["code"] == "forbidden"
    actor.put(at(actor), put_body(**change), status=403)
    assert actor.get(ME).json["role"] == role


def test_a_role_that_stays_what_it_is_may_be_sent_along(student: Actor, admin: Actor) -> None:
    student.patch(ME, {"role": "student", "is_active": True, "first_name": "Grace"})
    admin.patch(ME, {"role": "admin"})


@pytest.mark.parametrize("change", [{"role": "teacher"}, {"is_active": False}])
def test_administrators_never_set_their_own_role_or_activity(client: Client, admin: Actor, change: Any) -> None:
    make_user(client, "admin")
    for path in (ME, at(admin)):
        assert admin.patch(path, change, status=403).json["code"] == "own_account"
    assert admin.delete(at(admin), status=403).json["code"] == "own_account"


# The last administrator


def test_the_last_administrator_can_not_go(admin: Actor) -> None:
    assert admin.delete(ME, status=409).json["code"] == "last_admin"
    admin.get("/api/users/")


def test_an_inactive_administrator_does_not_count(client: Client, admin: Actor) -> None:
    other = make_user(client, "admin")
    admin.patch(at(other), {"is_active": False})
    assert admin.delete(ME, status=409).json["code"] == "last_admin"
    admin.patch(at(other), {"role": "student"})  # who is none any more can be demoted


# Erasure


def test_erasing_redacts_in_place_and_ends_every_session(client: Client, admin: Actor) -> None:
    user = make_user(client, username="grace")
    admin.delete(at(user))
    left = admin.get(at(user)).json
    assert (left["first_name"], left["last_name"], left["is_active"]) == ("", "", False)
    assert "grace" not in str(left)
    with client.script() as request:
        row = request.db.get(User, user.user_id)
        assert row.password_hash is None
        assert row.erased_at is not None
        assert "grace" not in str(vars(row)).lower()
    user.get(ME, status=401)
    for login in ("grace", left["username"], left["email"]):
        client.post("/api/auth/login/", {"username": login, "password": PASSWORD}, status=401)
    make_user(client, username="grace")  # the name is free again


def test_erasing_twice_changes_nothing_more(client: Client, admin: Actor, student: Actor) -> None:
    admin.delete(at(student))
    before = admin.get(at(student)).json
    admin.delete(at(student))
    assert admin.get(at(student)).json == before


def test_an_erased_account_stays_as_it_is(admin: Actor, student: Actor) -> None:
    admin.delete(at(student))
    for change in ({"is_active": True}, {"role": "admin"}, {"first_name": "Back"}):
        refused = admin.patch(at(student), change, status=409).json
        assert (refused["code"], refused["erased_at"][-1]) == ("account_erased", "Z")


def test_one_erases_oneself(client: Client, student: Actor) -> None:
    student.delete(ME)
    student.get(ME, status=401)


def test_who_owns_courses_hands_them_over_first(client: Client, admin: Actor, teacher: Actor) -> None:
    course, heir = make_course(client, teacher, "draft"), make_user(client, "teacher")
    for actor, path in ((teacher, ME), (admin, at(teacher))):
        answer = actor.delete(path, status=409).json
        assert (answer["code"], answer["course_count"]) == ("owns_courses", 1)
        assert answer["course_ids"] == [course.split("/")[3]]
    teacher.get(ME)
    teacher.delete(f"{ME}?transfer_to={heir.id}")
    assert heir.get(course).json["teacher_id"] == heir.id
    heir.patch(course, {"title": "Mine"})


def test_courses_go_only_to_another_active_teacher(client: Client, teacher: Actor, student: Actor) -> None:
    make_course(client, teacher)
    idle = make_user(client, "teacher", is_active=False)
    for heir in (student.id, teacher.id, idle.id, str(uuid4()), "x"):
        answer = teacher.delete(f"{ME}?transfer_to={heir}", status=422)
        assert answer.json["errors"][0]["location"] == "querystring"
    teacher.get(ME)


def test_an_erased_person_teaches_nothing_any_more(client: Client, admin: Actor, teacher: Actor) -> None:
    course, other = make_course(client, teacher), make_user(client, "teacher")
    teacher.post(f"{course}teachers/", {"user_id": other.id})
    admin.delete(at(other))
    assert teacher.get(f"{course}teachers/").json["results"] == []


def test_put_and_post_of_me_are_no_methods(student: Actor) -> None:
    student.put(ME, put_body(), status=405)
    student.post(ME, {}, status=405)
    student.post("/api/users/", {}, status=405)


def test_if_match_is_honoured_for_me_too(student: Actor) -> None:
    etag = student.get(ME).headers["ETag"]
    student.patch(ME, {"first_name": "Grace"}, headers={"If-Match": etag})
    student.patch(ME, {"first_name": "Ada"}, status=412, headers={"If-Match": etag})
    student.delete(ME, status=412, headers={"If-Match": etag})


def test_the_etag_of_a_card_tells_nothing_of_what_the_card_hides(
    client: Client, student: Actor, teacher: Actor, admin: Actor
) -> None:
    def etags() -> list[str]:
        return [actor.get(at(student)).headers["ETag"] for actor in (teacher, student, admin)]

    card, own, full = etags()
    assert card != own == full == student.get(ME).headers["ETag"]
    with client.script() as request:
        user = request.db.get(User, student.id)
        user.password_hash = None
    assert etags() == [card, own, full]
    with client.script() as request:
        user = request.db.get(User, student.id)
        user.locale, user.pending_email = "ru", "new@example.com"
    changed = etags()
    assert changed[0] == card
    assert changed[1] == changed[2] != own
    student.patch(ME, {"first_name": "Grace"})
    assert etags()[0] != card
