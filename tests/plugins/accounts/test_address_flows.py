"""A change of address waits for its confirmation."""

from courseplatform.testing import Client
from tests.factories.accounts import Actor, make_user
from tests.factories.mail import CHANGE, ME, VERIFY, Mailbox, address, confirm, link_of, links, refused

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
