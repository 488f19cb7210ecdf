"""Links in mails: verification, reset and change of address; and the change of a password."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select

from courseplatform.jobs import OutboxJob
from courseplatform.testing import Client, make_app, rolled_back
from plugins.accounts.links import link_template
from plugins.accounts.mails import TEXTS, compose_mail
from plugins.accounts.models import EmailToken, RefreshToken, User
from tests.factories.accounts import PASSWORD, Actor, make_user
from tests.factories.mail import Mailbox, links

ME = "/api/users/me/"
LOGIN = "/api/auth/login/"
VERIFY, RESET, CHANGE = (f"/api/auth/{action}/" for action in ("email-verification", "password-reset", "email-change"))
PASSWORD_CHANGE = "/api/auth/password-change/"
NEW = "a fresh secret phrase"


@pytest.fixture
def mailbox(client: Client) -> Mailbox:
    return Mailbox(client)


def address(actor: Actor) -> str:
    return actor.get(ME).json["email"]


def ask_reset(client: Client, mailbox: Mailbox, email: str) -> str:
    client.post(RESET, {"email": email}, status=202)
    return mailbox.token(email)


def refused(answer: Any) -> bool:
    return (answer.status_int, answer.json["code"]) == (409, "invalid_token_link")


def confirm(client: Client, action: str, token: str, status: int = 204) -> Any:
    body = {"token": token, "password": NEW} if action == RESET else {"token": token}
    return client.post(f"{action}confirm/", body, status=status)


def link_of(client: Client, mailbox: Mailbox, student: Actor, action: str) -> str:
    """A token for one of the three purposes."""
    if action == CHANGE:
        student.patch(ME, {"email": "new@example.com"})
        return mailbox.token("new@example.com")
    if action == RESET:
        return ask_reset(client, mailbox, address(student))
    student.post(VERIFY, status=202)
    return mailbox.token(address(student))


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

    def use(number: int) -> int:
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
    varying = {"X-Request-ID"}
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


# Change of address


def test_an_address_changes_when_it_is_confirmed_from_there(client: Client, mailbox: Mailbox, student: Actor) -> None:
    old = address(student)
    for path in (ME, f"/api/users/{student.id}/"):
        asked = student.patch(path, {"email": "new@example.com"}).json
        assert (asked["email"], asked["pending_email"]) == (old, "new@example.com")
    mails = {mail["To"]: mail for mail in mailbox.read()}
    assert set(mails) == {old, "new@example.com"}
    assert "new@example.com" in mails[old].get_content()
    assert links(mails[old]) == []
    (link,) = links(mails["new@example.com"])
    confirm(client, CHANGE, link.partition("token=")[2])
    now = student.get(ME).json
    assert (now["email"], now["pending_email"]) == ("new@example.com", None)
    assert now["email_verified_at"]


def test_put_asks_for_a_new_address_like_patch_does(student: Actor) -> None:
    old = address(student)
    answer = student.put(f"/api/users/{student.id}/", {"username": "renamed", "email": "new@example.com"}).json
    assert (answer["username"], answer["email"], answer["pending_email"]) == ("renamed", old, "new@example.com")


def test_only_oneself_and_administrators_see_a_pending_address(
    client: Client, student: Actor, admin: Actor, teacher: Actor
) -> None:
    student.patch(ME, {"email": "new@example.com"})
    path = f"/api/users/{student.id}/"
    assert admin.get(path).json["pending_email"] == "new@example.com"
    assert "new@example.com" not in teacher.get(path).text


def test_a_pending_address_is_written_by_asking_only(student: Actor) -> None:
    student.patch(ME, {"pending_email": "new@example.com"}, status=422)


def test_naming_the_present_address_withdraws_a_change(client: Client, mailbox: Mailbox, student: Actor) -> None:
    token = link_of(client, mailbox, student, CHANGE)
    answer = student.patch(ME, {"email": address(student)}).json
    assert answer["pending_email"] is None
    assert refused(confirm(client, CHANGE, token, status=409))
    assert student.patch(ME, {"first_name": "Grace"}).json["pending_email"] is None


def test_a_change_withdrawn_before_the_mail_goes_out_is_not_mailed(
    client: Client, mailbox: Mailbox, student: Actor
) -> None:
    old = address(student)
    student.patch(ME, {"email": "new@example.com"})
    student.patch(ME, {"email": old})
    assert mailbox.read() == []


def test_an_address_that_was_taken_meanwhile_is_409_and_the_link_stays(
    client: Client, mailbox: Mailbox, student: Actor, admin: Actor
) -> None:
    token = link_of(client, mailbox, student, CHANGE)
    other = make_user(client, username="new")  # new@example.com
    answer = confirm(client, CHANGE, token, status=409)
    assert answer.json["code"] == "email_taken"
    admin.patch(f"/api/users/{other.id}/", {"email": "else@example.com"})
    confirm(client, CHANGE, token)


def test_administrators_too_confirm_their_own_address(admin: Actor) -> None:
    old = address(admin)
    for path in (ME, f"/api/users/{admin.id}/"):
        answer = admin.patch(path, {"email": "boss@example.com"}).json
        assert (answer["email"], answer["pending_email"]) == (old, "boss@example.com")


def test_an_address_that_an_administrator_sets_is_mailed_a_link_and_ends_a_pending_change(
    client: Client, mailbox: Mailbox, student: Actor, admin: Actor
) -> None:
    token = link_of(client, mailbox, student, CHANGE)
    admin.patch(f"/api/users/{student.id}/", {"email": "set@example.com"})
    assert refused(confirm(client, CHANGE, token, status=409))
    confirm(client, VERIFY, mailbox.token("set@example.com"))
    assert student.get(ME).json["email_verified_at"]


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
    with caplog.at_level("INFO", logger="courseplatform.audit"):
        confirm(client, VERIFY, link_of(client, mailbox, student, VERIFY))
        confirm(client, CHANGE, link_of(client, mailbox, student, CHANGE))
        wrong = {"current_password": "wrong", "new_password": NEW}
        student.post(PASSWORD_CHANGE, wrong, status=403)
        student.post(PASSWORD_CHANGE, {**wrong, "current_password": PASSWORD}, status=200)
        token = ask_reset(client, mailbox, "new@example.com")
        confirm(client, RESET, token)
    records = [record.getMessage() for record in caplog.records if record.name == "courseplatform.audit"]
    events = ("email.verified", "email.change_asked", "email.changed", "password.refused", "password.changed")
    for event in (*events, "password.reset"):
        (line,) = [line for line in records if f'"{event}"' in line]
        assert student.id in line
    assert not any(secret in line for line in records for secret in (token, NEW, PASSWORD, "new@example.com"))
