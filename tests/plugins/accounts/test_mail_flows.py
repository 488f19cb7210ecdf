"""Links in mails: what holds for all of them, verification, limits, texts and records."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import select

from courseplatform.jobs import OutboxJob
from courseplatform.testing import Client, make_app, rolled_back
from plugins.accounts.links import link_template
from plugins.accounts.mails import TEXTS, compose_mail
from plugins.accounts.models import EmailToken, User
from tests.factories.accounts import PASSWORD, Actor, make_user
from tests.factories.audit import audit_lines
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
    links,
    refused,
)

# What holds for every link


@pytest.mark.parametrize("action", [VERIFY, RESET, CHANGE])
def test_a_link_works_once(client: Client, mailbox: Mailbox, student: Actor, action: str) -> None:
    token = link_of(client, mailbox, student, action)
    confirm(client, action, token)
    assert refused(confirm(client, action, token, status=409))


@pytest.mark.parametrize(("action", "hours"), [(VERIFY, 48), (RESET, 1), (CHANGE, 48)])
def test_a_link_lives_shortly(client: Client, mailbox: Mailbox, student: Actor, action: str, hours: int) -> None:
    token = link_of(client, mailbox, student, action)
    client.clock.move(hours=hours, seconds=1)
    assert refused(confirm(client, action, token, status=409))
    client.clock.move(minutes=-1)
    confirm(client, action, token)


@pytest.mark.parametrize("action", [VERIFY, RESET, CHANGE])
def test_a_new_link_voids_the_older_one(client: Client, mailbox: Mailbox, student: Actor, action: str) -> None:
    old = link_of(client, mailbox, student, action)
    if action == CHANGE:
        student.patch(ME, {"email": student.get(ME).json["email"]})
    new = link_of(client, mailbox, student, action)
    assert refused(confirm(client, action, old, status=409))
    confirm(client, action, new)


@pytest.mark.parametrize("action", [VERIFY, RESET, CHANGE])
def test_a_link_is_for_one_purpose(client: Client, mailbox: Mailbox, student: Actor, action: str) -> None:
    token = link_of(client, mailbox, student, action)
    for other in {VERIFY, RESET, CHANGE} - {action}:
        assert refused(confirm(client, other, token, status=409))


@pytest.mark.parametrize("action", [VERIFY, RESET, CHANGE])
def test_a_link_dies_with_the_account(
    client: Client, mailbox: Mailbox, student: Actor, admin: Actor, action: str
) -> None:
    token = link_of(client, mailbox, student, action)
    admin.patch(f"/api/users/{student.id}/", {"is_active": False})
    unknown = confirm(client, action, "never-made", status=409)
    assert confirm(client, action, token, status=409).body == unknown.body
    admin.patch(f"/api/users/{student.id}/", {"is_active": True})
    admin.delete(f"/api/users/{student.id}/")
    assert refused(confirm(client, action, token, status=409))
    client.run_jobs()
    with client.script() as request:
        assert request.db.scalars(select(EmailToken)).all() == []


@pytest.mark.parametrize("action", [VERIFY, RESET, CHANGE])
def test_a_token_is_stored_as_a_hash_only(client: Client, mailbox: Mailbox, student: Actor, action: str) -> None:
    token = link_of(client, mailbox, student, action)
    assert len(token) >= 43
    with client.script() as request:
        (stored,) = request.db.scalars(select(EmailToken))
        assert len(stored.token_sha256) == 64
        jobs = request.db.scalars(select(OutboxJob)).all()
        assert jobs
        for row in (stored, *jobs):
            assert token not in str(vars(row))


@pytest.mark.parametrize("action", [VERIFY, RESET, CHANGE])
def test_of_32_who_use_a_link_at_once_one_succeeds(committing_client: Client, action: str) -> None:
    mailbox, student = Mailbox(committing_client), make_user(committing_client)
    token = link_of(committing_client, mailbox, student, action)
    body = {"token": token, "password": NEW} if action == RESET else {"token": token}

    together = Barrier(32)

    def use(number: int) -> int:
        together.wait()
        return committing_client.call("POST", f"{action}confirm/", body).status_int

    with ThreadPoolExecutor(32) as threads:
        answers = sorted(threads.map(use, range(32)))
    assert answers == [204] + [409] * 31


def test_two_mails_at_once_leave_one_living_link(committing_client: Client) -> None:
    mailbox, student = Mailbox(committing_client), make_user(committing_client)
    for _ in range(4):
        student.post(VERIFY, status=202)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: committing_client.run_jobs(), range(4)))
    committing_client.clock.move(minutes=1)
    tokens = [link.partition("token=")[2] for mail in mailbox.read() for link in links(mail)]
    assert len(tokens) >= 4
    answers = [committing_client.call("POST", f"{VERIFY}confirm/", {"token": token}).status_int for token in tokens]
    assert answers.count(204) == 1


@pytest.mark.parametrize("action", [VERIFY, RESET, CHANGE])
def test_looking_a_link_up_changes_nothing(client: Client, mailbox: Mailbox, student: Actor, action: str) -> None:
    token = link_of(client, mailbox, student, action)
    for _ in range(2):
        shown = client.get(f"{action}?token={token}")
        assert (shown.json["method"], shown.json["path"]) == ("POST", f"{action}confirm/")
        assert token not in shown.text
    confirm(client, action, token)


@pytest.mark.parametrize("action", [VERIFY, RESET, CHANGE])
def test_a_link_is_built_from_the_configured_base_and_never_from_host(
    client: Client, mailbox: Mailbox, student: Actor, action: str
) -> None:
    forged = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}
    if action == CHANGE:
        student.patch(ME, {"email": "new@example.com"}, headers=forged)
    elif action == RESET:
        client.post(RESET, {"email": address(student)}, status=202, headers=forged)
    else:
        student.post(VERIFY, status=202, headers=forged)
    mails = mailbox.read()
    assert [link.partition("?")[0] for mail in mails for link in links(mail)] == [f"https://courses.test{action}"]
    assert "evil" not in "".join(map(str, mails))


def test_links_lead_to_the_front_end_that_the_operator_names(database_url: str, tmp_path: Any) -> None:
    template = "https://app.example.com/#/{action}/{token}"
    app = make_app(database_url, tmp_path, **{"accounts.link_template": template})
    with rolled_back(app) as (client, _):
        mailbox, student = Mailbox(client), make_user(client)
        student.post(VERIFY, status=202)
        (link,) = links(mailbox.read()[0])
        base, _, token = link.rpartition("/")
        assert base == "https://app.example.com/#/email-verification"
        confirm(client, VERIFY, token)
    app.registry["db.engine"].dispose()


@pytest.mark.parametrize(
    "raw", ["https://app.example.com/", "{token}", "https://a/{token}{user}", "https://a/{token}{}", "ftp://a/{token}"]
)
def test_a_template_that_makes_no_link_is_a_fault(raw: str) -> None:
    with pytest.raises(ValueError):
        link_template(raw)


def test_links_are_forgotten_a_week_after_they_expired(client: Client, mailbox: Mailbox, student: Actor) -> None:
    from plugins.accounts.mail_jobs import purge_links

    link_of(client, mailbox, student, RESET)
    for days, left in ((7, 1), (1, 0)):
        client.clock.move(days=days)
        with client.script() as request:
            purge_links(request)
            assert len(request.db.scalars(select(EmailToken)).all()) == left


# Verification


def test_registration_mails_a_link_that_verifies_the_address(client: Client, mailbox: Mailbox) -> None:
    client.post("/api/auth/register/", {"username": "ada", "email": "Ada@example.com", "password": PASSWORD})
    confirm(client, VERIFY, mailbox.token("Ada@example.com"))
    tokens = client.post(LOGIN, {"username": "ada", "password": PASSWORD}, status=200).json
    assert client.as_(tokens["access_token"]).get(ME).json["email_verified_at"]


def test_a_verified_address_gets_no_more_mail(client: Client, mailbox: Mailbox, student: Actor) -> None:
    confirm(client, VERIFY, link_of(client, mailbox, student, VERIFY))
    assert student.post(VERIFY, status=202).json == {}
    assert mailbox.read() == []


def test_only_who_is_signed_in_asks_for_verification(client: Client) -> None:
    client.post(VERIFY, status=401)


def test_a_registration_that_fails_mails_nobody(client: Client, mailbox: Mailbox) -> None:
    make_user(client, username="ada")
    client.post("/api/auth/register/", {"username": "x1x", "email": "ada@example.com", "password": NEW}, status=409)
    assert mailbox.read() == []


# Limits, texts and records


@pytest.mark.parametrize(
    ("limit", "path", "status"),
    [
        ("email_verification", VERIFY, 202),
        ("password_reset", RESET, 202),
        ("password_reset_address", RESET, 202),
        ("password_change", PASSWORD_CHANGE, 403),
    ],
)
def test_what_comes_too_often_is_429(database_url: str, tmp_path: Any, limit: str, path: str, status: int) -> None:
    app = make_app(database_url, tmp_path, **{f"limits.{limit}": "2/hour"})
    with rolled_back(app) as (client, _):
        student = make_user(client)
        bodies = {
            RESET: {"email": "nobody@example.com"},
            PASSWORD_CHANGE: {"current_password": "wrong", "new_password": NEW},
        }
        for expected in (status, status, 429):
            answer = student.post(path, bodies.get(path), status=expected)
        assert int(answer.headers["Retry-After"]) > 0
    app.registry["db.engine"].dispose()


def test_mails_are_in_the_language_of_the_reader(client: Client, mailbox: Mailbox, student: Actor) -> None:
    student.patch(ME, {"locale": "ru"})
    student.post(VERIFY, status=202)
    (mail,) = mailbox.read()
    assert mail["Subject"] == "Подтвердите адрес электронной почты"
    assert "Здравствуйте" in mail.get_content()
    assert len(links(mail)) == 1


def test_every_text_is_there_in_both_languages_and_is_filled_in() -> None:
    values = {"link": "https://courses.test/?token=t", "new_email": "new@example.com"}
    for kind, texts in TEXTS.items():
        assert set(texts) == {"en", "ru"}
        for locale in (*texts, "xx"):
            made = compose_mail(kind, User(username="ada", locale=locale), **values)
            assert "\n" not in made["subject"]
            assert "ada" in made["text"]
            assert "{" not in made["text"]


def test_nothing_that_a_stranger_typed_but_the_username_gets_into_their_mail(client: Client, mailbox: Mailbox) -> None:
    spam = {"first_name": "Buy at http://evil.example", "last_name": "{link}"}
    client.post("/api/auth/register/", {"username": "x.y", "email": "v@example.com", "password": NEW, **spam})
    (mail,) = mailbox.read()
    assert "evil" not in str(mail)
    assert mail.get_content().startswith("Hello x.y,")


def test_what_happens_to_passwords_and_addresses_is_recorded(
    committing_client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    client, mailbox = committing_client, Mailbox(committing_client)
    student = make_user(client)
    lines = audit_lines(caplog)
    confirm(client, VERIFY, link_of(client, mailbox, student, VERIFY))
    confirm(client, CHANGE, link_of(client, mailbox, student, CHANGE))
    wrong = {"current_password": "wrong", "new_password": NEW}
    student.post(PASSWORD_CHANGE, wrong, status=403)
    student.post(PASSWORD_CHANGE, {**wrong, "current_password": PASSWORD}, status=200)
    token = ask_reset(client, mailbox, "new@example.com")
    confirm(client, RESET, token)
    records = lines()
    events = ("email.verified", "email.change_asked", "email.changed", "password.refused", "password.changed")
    for event in (*events, "password.reset"):
        (line,) = [line for line in records if line["event"] == event]
        assert student.id in (line["user_id"], line["target_user_id"])
    assert not any(secret in str(line) for line in records for secret in (token, NEW, PASSWORD, "new@example.com"))
