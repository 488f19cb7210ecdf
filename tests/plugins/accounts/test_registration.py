"""``/auth/register/``: who may be called what, and which passwords do."""

from typing import Any

import pytest
from sqlalchemy import select

from courseplatform.testing import Client
from plugins.accounts.models import User
from tests.factories.accounts import make_user

PATH = "/api/auth/register/"


def body(**changes: Any) -> dict[str, Any]:
    return {"username": "Ada", "email": "Ada@Example.com", "password": "correct horse battery", **changes}


def faults(answer: Any) -> set[str]:
    return {fault["name"] for fault in answer.json["errors"]}


def test_registration_makes_a_student(client: Client) -> None:
    answer = client.post(PATH, body(first_name=" Ада ", last_name="Lovelace"))
    user = answer.json
    assert answer.headers["Location"].endswith(f"/api/users/{user['id']}/")
    assert (user["username"], user["email"], user["role"]) == ("Ada", "Ada@Example.com", "student")
    assert (user["first_name"], user["last_name"], user["is_active"]) == ("Ада", "Lovelace", True)
    assert (user["locale"], user["timezone"], user["email_verified_at"]) == ("en", "UTC", None)
    assert "password" not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_password_is_stored_as_argon2id_and_nowhere_else(client: Client) -> None:
    client.post(PATH, body())
    with client.script() as request:
        user = request.db.scalars(select(User).where(User.username == "Ada")).one()
        assert user.password_hash.startswith("$argon2id$")
        assert "correct horse" not in str(vars(user))


@pytest.mark.parametrize(
    "field", ["role", "is_active", "id", "created_at", "email_verified_at", "password_hash", "erased_at", "locale"]
)
def test_what_only_the_server_writes_is_refused(client: Client, field: str) -> None:
    assert faults(client.post(PATH, body(**{field: "admin"}), status=422)) == {field}


@pytest.mark.parametrize("missing", ["username", "email", "password"])
def test_what_is_required_is_named(client: Client, missing: str) -> None:
    given = body()
    del given[missing]
    assert faults(client.post(PATH, given, status=422)) == {missing}
    assert faults(client.post(PATH, body(**{missing: None}), status=422)) == {missing}


@pytest.mark.parametrize(
    "username",
    ["ab", "a" * 51, "a b c", "a@b", ".abc", "-abc", "Ада", "abc/", "a\nbc", "erased:1", "<abc>", "abc\u202e"],
)
def test_a_username_is_a_plain_word(client: Client, username: str) -> None:
    answer = client.post(PATH, body(username=username), status=422)
    assert faults(answer) == {"username"}


@pytest.mark.parametrize(
    "email",
    [
        *(
            "ada",
            "ada@",
            "@example.com",
            "ada@example",
            "a@b@c.com",
            "a b@c.com",
            "a@c.com,b@c.com",
            "a@c.com\nBcc:x@y.z",
        ),
        *("<a@c.com>", "a@" + "c" * 250 + ".com", "a@c.com;", '"a"@c.com', "a@c."),
    ],
)
def test_an_email_is_one_address(client: Client, email: str) -> None:
    assert faults(client.post(PATH, body(email=email), status=422)) == {"email"}


@pytest.mark.parametrize(
    "password",
    [
        *(
            "short",
            "x" * 129,
            "password123",
            "1234567890",
            "qwertyuiop",
            "aaaaaaaaaaaa",
            "abcabcabcabc",
            "PASSWORD!!!!",
        ),
        *("ada.ada.ada", "i am ada lovelace", "iloveyou2024", "\x00" * 12, "tab\x07tab\x07tab", 1234567890, None),
    ],
)
def test_a_weak_password_is_refused_and_not_repeated(client: Client, password: Any) -> None:
    raw = client.call("POST", PATH, body(password=password))
    assert raw.status_int == (400 if password == "\x00" * 12 else 422)
    assert str(password) not in raw.text


@pytest.mark.parametrize(
    "password",
    ["correct horse", " spaces count  ", "Пароль из слов", "x7#kQ2!mZp", "a banana for Bob", "p" * 7 + "qrs" * 40],
)
def test_a_good_password_signs_in_exactly_as_it_was_given(client: Client, password: str) -> None:
    client.post(PATH, body(password=password))
    for given, status in ((password, 200), (password + " ", 401), (password.swapcase(), 401)):
        client.post("/api/auth/login/", {"username": "ada", "password": given}, status=status)


def test_a_short_name_may_occur_in_a_password_by_chance(client: Client) -> None:
    client.post(PATH, body(email="a@example.com"))


def test_username_and_email_are_unique_whatever_their_case(client: Client) -> None:
    client.post(PATH, body())
    answer = client.post(PATH, body(username="aDA", email="new@example.com"), status=409)
    assert answer.json["code"] == "username_taken"
    answer = client.post(PATH, body(username="new", email="aDA@eXAMPLE.com"), status=409)
    assert answer.json["code"] == "email_taken"
    assert "ada" not in answer.text.lower().replace("instance", "")


def test_all_faults_are_reported_together(client: Client) -> None:
    answer = client.post(PATH, {"username": "a", "email": "b", "role": "admin"}, status=422)
    assert faults(answer) == {"username", "email", "password", "role"}


def test_nobody_can_take_the_name_that_an_erased_account_will_have(client: Client) -> None:
    user = make_user(client)
    client.post(PATH, body(username=f"erased-{user.id}", email=f"erased-{user.id}@erased.invalid"))
    user.delete("/api/users/me/")
