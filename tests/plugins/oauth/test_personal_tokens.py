"""Personal access tokens: for scripts, narrowed by scopes, over at the latest after a year."""

from datetime import timedelta
from typing import Any

import pytest

from courseplatform.testing import Client, counted_statements
from plugins.accounts.models import User
from tests.factories.accounts import PASSWORD, Actor, make_user
from tests.factories.courses import make_course
from tests.factories.oauth import Application, make_personal_token

TOKENS = "/api/users/me/tokens/"
ME = "/api/users/me/"


def test_a_token_is_shown_once_and_opens_what_its_scopes_say(client: Client, student: Actor) -> None:
    made = make_personal_token(student, "profile", "profile")
    assert made["token"].startswith("cpp_") and made["scopes"] == ["profile"]
    assert "token" not in student.get(f"{TOKENS}{made['id']}/").json
    (listed,) = student.get(TOKENS).json["results"]
    assert listed["id"] == made["id"] and "token" not in listed
    script = client.as_(made["token"])
    assert script.get(ME).json["id"] == student.id
    assert script.get("/api/courses/", status=403).json["code"] == "insufficient_scope"


@pytest.mark.parametrize(
    "changes",
    [
        {"scopes": []},
        {"scopes": ["everything"]},
        {"scopes": ["introspect"]},
        {"scopes": "profile"},
        {"expires_at": "2020-01-01T00:00:00Z"},
        {"expires_at": "2999-01-01T00:00:00Z"},
        {"expires_at": None},
        {"name": ""},
        {"user_id": "0190a000-0000-7000-8000-000000000000"},
        {"last_used_at": "2020-01-01T00:00:00Z"},
    ],
)
def test_a_token_without_sense_is_refused(student: Actor, changes: dict[str, Any]) -> None:
    expires_at = (student.clock() + timedelta(days=1)).isoformat()
    student.post(TOKENS, {"name": "t", "scopes": ["profile"], "expires_at": expires_at, **changes}, status=422)


def test_a_token_ends_at_its_time_or_when_it_is_deleted(client: Client, student: Actor) -> None:
    made, other = make_personal_token(student, "profile"), make_personal_token(student, "profile")
    student.delete(f"{TOKENS}{made['id']}/")
    assert client.as_(made["token"]).get(ME, status=401).json["code"] == "invalid_token"
    client.as_(other["token"]).get(ME)
    client.clock.move(days=31)
    client.as_(other["token"]).get(ME, status=401)


def test_others_tokens_do_not_exist_not_even_for_administrators(student: Actor, teacher: Actor, admin: Actor) -> None:
    made = make_personal_token(student, "profile")
    for other in (teacher, admin):
        other.get(f"{TOKENS}{made['id']}/", status=404)
        other.delete(f"{TOKENS}{made['id']}/", status=404)
        assert other.get(TOKENS).json["results"] == []


@pytest.mark.parametrize("how", ["deactivated", "password"])
def test_a_token_ends_with_the_password_it_was_made_under_and_with_the_account(
    client: Client, admin: Actor, how: str
) -> None:
    user = make_user(client)
    script = client.as_(make_personal_token(user, "profile")["token"])
    script.get(ME)
    if how == "deactivated":
        admin.patch(f"/api/users/{user.id}/", {"is_active": False})
        script.get(ME, status=401)
        admin.patch(f"/api/users/{user.id}/", {"is_active": True})
    else:
        body = {"current_password": PASSWORD, "new_password": "another long passphrase"}
        user.post("/api/auth/password-change/", body, status=200)
    script.get(ME, status=401)


def test_logging_out_leaves_scripts_running(client: Client, student: Actor) -> None:
    script = client.as_(make_personal_token(student, "profile")["token"])
    student.post("/api/auth/logout/", status=204)
    script.get(ME)


def test_the_last_use_is_noted_at_most_once_an_hour(committing_client: Client) -> None:
    client, student = committing_client, make_user(committing_client)
    made = make_personal_token(student, "profile")
    script = client.as_(made["token"])

    def noted() -> Any:
        return student.get(f"{TOKENS}{made['id']}/").json["last_used_at"]

    assert noted() is None
    script.get(ME)
    first = noted()
    assert first is not None
    client.clock.move(minutes=59)
    script.get(ME)
    assert noted() == first
    client.clock.move(minutes=2)
    script.get(ME)
    assert noted() > first


def test_a_token_costs_no_statement_more_than_a_session(client: Client, teacher: Actor) -> None:
    course = make_course(client, teacher, "draft")
    script = client.as_(make_personal_token(teacher, "courses:read")["token"])
    for _ in range(2):
        with counted_statements(client.registry) as statements:
            script.get(course)
        assert len(statements) == 1, statements


def test_an_inactive_users_tokens_open_nothing_even_if_they_were_never_ended(client: Client, app: Application) -> None:
    user = make_user(client)
    texts = (make_personal_token(user, "profile")["token"], app.tokens(user)["access_token"])
    for is_active, status in ((True, 200), (False, 401)):
        with client.script() as request:
            request.db.get(User, user.user_id).is_active = is_active  # past the operation, which ends tokens too
        for text in texts:
            client.as_(text).get(ME, status=status)


def test_a_node_tells_a_program_what_its_scopes_leave(client: Client, teacher: Actor) -> None:
    course = make_course(client, teacher)
    script = client.as_(make_personal_token(teacher, "courses:read")["token"])
    told = script.get(f"{course}?explain=permissions").json
    assert (told["methods"][f"GET {course}"], told["methods"][f"PATCH {course}"]) == (True, False)
    edit = told["permissions"]["course:edit"]
    assert (edit["allowed"], edit["decided_by"], edit["scopes"]) == (False, "scopes", ["courses:write"])
    refused = script.patch(course, {"title": "T"}, status=403)
    assert refused.json["code"] == "insufficient_scope" and "missing" not in refused.json
