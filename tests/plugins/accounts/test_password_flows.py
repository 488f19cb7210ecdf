"""Passwords: reset by a mailed link, and changed by the present one."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from courseplatform.testing import Client
from plugins.accounts.models import RefreshToken, User
from tests.factories.accounts import PASSWORD, Actor, make_user
from tests.factories.mail import (
    CHANGE,
    LOGIN,
    ME,
    NEW,
    PASSWORD_CHANGE,
    RESET,
    VERIFY,
    Mailbox,
    address,
    ask_reset,
    confirm,
    link_of,
    refused,
)

# Password reset


def test_a_reset_sets_the_password_and_ends_every_session(client: Client, mailbox: Mailbox, student: Actor) -> None:
    email = address(student)
    tokens = client.post(LOGIN, {"username": email, "password": PASSWORD}, status=200).json
    confirm(client, RESET, ask_reset(client, mailbox, email))
    student.get(ME, status=401)
    client.as_(tokens["access_token"]).get(ME, status=401)
    client.post("/api/auth/token/refresh/", {"refresh_token": tokens["refresh_token"]}, status=401)
    client.post(LOGIN, {"username": email, "password": PASSWORD}, status=401)
    again = client.post(LOGIN, {"username": email, "password": NEW}, status=200).json
    assert client.as_(again["access_token"]).get(ME).json["email_verified_at"]  # the link came by mail
    assert [mail["Subject"] for mail in mailbox.read()] == ["Your password was changed"]


def test_a_reset_voids_every_other_link(client: Client, mailbox: Mailbox, student: Actor) -> None:
    verify, change = (link_of(client, mailbox, student, action) for action in (VERIFY, CHANGE))
    confirm(client, RESET, ask_reset(client, mailbox, address(student)))
    assert refused(confirm(client, VERIFY, verify, status=409))
    assert refused(confirm(client, CHANGE, change, status=409))
    with client.script() as request:
        assert request.db.get(User, student.user_id).pending_email is None


def test_known_unknown_and_inactive_are_answered_and_worked_on_alike(
    client: Client, mailbox: Mailbox, student: Actor
) -> None:
    from courseplatform.testing import counted_statements

    idle = make_user(client, is_active=False, username="idle")
    answers, work = [], []
    for email in (address(student), "nobody@example.com", "idle@example.com"):
        with counted_statements(client.registry) as statements:
            answers.append(client.post(RESET, {"email": email}, status=202))
        work.append(list(statements))
    assert len({answer.body for answer in answers}) == 1
    varying = {"X-Request-ID", "RateLimit-Remaining", "RateLimit-Reset"}  # the last two: of the asker's address
    headers = [{k: v for k, v in answer.headers.items() if k not in varying} for answer in answers]
    assert headers[0] == headers[1] == headers[2]
    assert work[0] == work[1] == work[2]
    assert [mail["To"] for mail in mailbox.read()] == [address(student)]
    assert idle.get(ME, status=401)


def test_a_reset_finds_the_address_whatever_its_case_and_writes_to_the_one_on_file(
    client: Client, mailbox: Mailbox, student: Actor
) -> None:
    client.post(RESET, {"email": address(student).upper()}, status=202)
    assert [mail["To"] for mail in mailbox.read()] == [address(student)]


@pytest.mark.parametrize("weak", ["short", "password123", "x" * 129])
def test_a_weak_password_leaves_the_link_usable(client: Client, mailbox: Mailbox, student: Actor, weak: str) -> None:
    token = ask_reset(client, mailbox, address(student))
    answer = client.post(f"{RESET}confirm/", {"token": token, "password": weak}, status=422)
    assert [fault["name"] for fault in answer.json["errors"]] == ["password"]
    student.get(ME)
    confirm(client, RESET, token)


def test_a_link_that_went_to_an_old_address_is_void(
    client: Client, mailbox: Mailbox, student: Actor, admin: Actor
) -> None:
    token = ask_reset(client, mailbox, address(student))
    admin.patch(f"/api/users/{student.id}/", {"email": "moved@example.com"})
    assert refused(confirm(client, RESET, token, status=409))
    mailbox.read()
    token = ask_reset(client, mailbox, "moved@example.com")
    with client.script() as request:  # however the address came to differ
        request.db.get(User, student.user_id).email = "elsewhere@example.com"
    assert refused(confirm(client, RESET, token, status=409))


def test_an_account_without_a_password_gets_one_by_a_reset(client: Client, mailbox: Mailbox, student: Actor) -> None:
    email = address(student)
    with client.script() as request:
        request.db.get(User, student.user_id).password_hash = None
    confirm(client, RESET, ask_reset(client, mailbox, email))
    client.post(LOGIN, {"username": email, "password": NEW}, status=200)


# Password change


def test_a_change_of_password_ends_every_session_and_opens_a_new_one(client: Client, student: Actor) -> None:
    email = address(student)
    other = client.post(LOGIN, {"username": email, "password": PASSWORD}, status=200).json
    answer = student.post(PASSWORD_CHANGE, {"current_password": PASSWORD, "new_password": NEW}, status=200)
    assert answer.headers["Cache-Control"] == "no-store"
    assert set(answer.json) == {"access_token", "refresh_token", "token_type", "expires_in"}
    student.get(ME, status=401)
    client.as_(other["access_token"]).get(ME, status=401)
    client.post("/api/auth/token/refresh/", {"refresh_token": other["refresh_token"]}, status=401)
    client.as_(answer.json["access_token"]).get(ME)
    client.post("/api/auth/token/refresh/", {"refresh_token": answer.json["refresh_token"]}, status=200)
    client.post(LOGIN, {"username": email, "password": PASSWORD}, status=401)
    client.post(LOGIN, {"username": email, "password": NEW}, status=200)


def test_a_change_of_password_voids_links_and_is_told_by_mail(client: Client, mailbox: Mailbox, student: Actor) -> None:
    email = address(student)
    token = ask_reset(client, mailbox, email)
    student.post(PASSWORD_CHANGE, {"current_password": PASSWORD, "new_password": NEW}, status=200)
    assert refused(confirm(client, RESET, token, status=409))
    assert [(mail["To"], mail["Subject"]) for mail in mailbox.read()] == [(email, "Your password was changed")]


def test_a_wrong_present_password_changes_nothing(client: Client, student: Actor) -> None:
    body = {"current_password": "not this one", "new_password": NEW}
    assert student.post(PASSWORD_CHANGE, body, status=403).json["code"] == "wrong_password"
    student.get(ME)
    client.post(LOGIN, {"username": address(student), "password": PASSWORD}, status=200)


def test_a_weak_new_password_is_a_fault_of_its_field(student: Actor) -> None:
    body = {"current_password": PASSWORD, "new_password": "password123"}
    answer = student.post(PASSWORD_CHANGE, body, status=422)
    assert [fault["name"] for fault in answer.json["errors"]] == ["new_password"]
    student.get(ME)


def test_only_who_is_signed_in_changes_a_password(client: Client) -> None:
    client.post(PASSWORD_CHANGE, {"current_password": PASSWORD, "new_password": NEW}, status=401)


def test_of_two_changes_of_a_password_at_once_one_wins(committing_client: Client) -> None:
    student = make_user(committing_client)

    def change(number: int) -> int:
        body = {"current_password": PASSWORD, "new_password": f"{NEW} {number}"}
        return student.call("POST", PASSWORD_CHANGE, body).status_int

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(change, range(8)))
    assert answers.count(200) == 1
    assert set(answers) <= {200, 401, 403}
    with committing_client.script() as request:
        assert len(request.db.scalars(select(RefreshToken)).all()) == 1
