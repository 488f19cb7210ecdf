"""Notifications over HTTP."""

from typing import Any
from uuid import uuid4

import pytest

from courseplatform.testing import Client, counted_statements
from tests.factories.accounts import Actor, make_user
from tests.factories.courses import id_of
from tests.factories.notifications import ALL, make_notification
from tests.factories.oauth import make_personal_token

WIRE = {"id", "recipient_id", "message", "kind", "subject", "sequence", "is_read", "created_at"}


def listed(actor: Actor, query: str = "") -> list[str]:
    return [row["id"] for row in actor.get(ALL + query).json["results"]]


def test_own_notifications_are_listed_newest_first(client: Client, student: Actor, admin: Actor) -> None:
    addresses = [make_notification(client, student) for _ in range(3)]
    others = make_notification(client, admin)
    assert listed(student) == [id_of(address) for address in reversed(addresses)]
    assert listed(admin) == [id_of(others)]
    client.get(ALL, status=401)


def test_the_list_is_paged(client: Client, student: Actor) -> None:
    oldest, *_ = [make_notification(client, student) for _ in range(3)]
    page = student.get(ALL + "?limit=2").json
    assert [row["id"] for row in student.get(page["next"]).json["results"]] == [id_of(oldest)]


def test_the_list_is_filtered(client: Client, student: Actor) -> None:
    subject = {"type": "lesson", "id": str(uuid4()), "url": "/api/x/"}
    read = make_notification(client, student, is_read=True, kind="graded", subject=subject)
    unread = make_notification(client, student)
    assert listed(student, "?is_read=true") == [id_of(read)]
    assert listed(student, "?is_read=false") == listed(student, "?kind=message") == [id_of(unread)]
    assert listed(student, "?kind=graded&is_read=false") == []
    assert student.get(read).json["subject"] == subject


@pytest.mark.parametrize(
    "query", ["is_read=yes", "kind=gossip", "since=2025-01-01T00:00:00", "since=-1", "recipient_id=x", "q=1"]
)
def test_an_unknown_or_faulty_filter_is_refused(student: Actor, query: str) -> None:
    answer = student.get(f"{ALL}?{query}", status=422).json
    assert [fault["name"] for fault in answer["errors"]] == [query.partition("=")[0]]


def test_a_recipient_reads_and_marks_the_own_notification(client: Client, student: Actor) -> None:
    address = make_notification(client, student)
    shown = student.get(address)
    assert set(shown.json) == WIRE
    assert (shown.json["kind"], shown.json["subject"], shown.json["is_read"]) == ("message", None, False)
    assert student.patch(address, {"is_read": True}).json["is_read"] is True
    assert student.get(address).json["is_read"] is True
    student.patch(address, {"is_read": False}, headers={"If-Match": shown.headers["ETag"]}, status=412)
    assert student.patch(address, {"is_read": None}).json["is_read"] is False


@pytest.mark.parametrize("role", ["student", "teacher", "admin"])
def test_anyone_elses_notification_is_indistinguishable_from_a_missing_one(
    client: Client, student: Actor, role: str
) -> None:
    stranger = make_user(client, role)
    hidden = stranger.get(make_notification(client, student), status=404).json
    missing = stranger.get(f"{ALL}{uuid4()}/", status=404).json
    assert {**hidden, "instance": ""} == {**missing, "instance": ""}


def test_who_may_write_notifications(client: Client, student: Actor, admin: Actor) -> None:
    teacher = make_user(client, "teacher")
    new = {"recipient_id": student.id, "message": "Hi"}
    for actor, status in ((client, 401), (student, 403), (teacher, 403), (admin, 201)):
        actor.post(ALL, new, status=status)
    for actor, put, patch, delete in (
        (client, 401, 401, 401),
        (student, 403, 403, 403),
        (teacher, 403, 404, 403),
        (admin, 200, 200, 204),
    ):
        address = make_notification(client, student)
        actor.put(address, {"message": "new"}, status=put)
        actor.patch(address, {"message": "new"}, status=patch)
        actor.delete(address, status=delete)


def test_a_recipient_may_mark_and_nothing_else(client: Client, student: Actor, teacher: Actor) -> None:
    address = make_notification(client, student)
    for body in ({"message": "new"}, {"recipient_id": teacher.id}, {"message": "new", "is_read": True}):
        student.patch(address, body, status=403)
    teacher.patch(address, {"is_read": True}, status=404)
    client.patch(address, {"is_read": True}, status=401)
    assert student.get(address).json["is_read"] is False


def test_an_administrators_program_is_told_that_it_lacks_a_scope_not_a_role(client: Client, admin: Actor) -> None:
    program = client.as_(make_personal_token(admin, "notifications:write")["token"])
    refused = program.patch(make_notification(client, admin), {"message": "new"}, status=403).json
    assert refused["code"] == "insufficient_scope" and "missing" not in refused


def test_an_administrator_writes_to_a_user(client: Client, student: Actor, admin: Actor) -> None:
    made = admin.post(ALL, {"recipient_id": student.id, "message": " Welcome. "})
    assert made.headers["Location"].endswith(f"{ALL}{made.json['id']}/")
    (row,) = student.get(ALL).json["results"]
    assert row == made.json
    assert (row["message"], row["kind"], row["subject"], row["is_read"]) == ("Welcome.", "message", None, False)
    admin.get(f"{ALL}{row['id']}/", status=404)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"recipient_id": str(uuid4())}, "recipient_id"),
        ({"recipient_id": "me"}, "recipient_id"),
        ({"recipient_id": None}, "recipient_id"),
        ({"message": ""}, "message"),
        ({"message": "x" * 2_001}, "message"),
        ({"kind": "graded"}, "kind"),
        ({"is_read": True}, "is_read"),
        ({"subject": None}, "subject"),
    ],
)
def test_a_faulty_notification_is_refused(student: Actor, admin: Actor, change: dict[str, Any], name: str) -> None:
    answer = admin.post(ALL, {"recipient_id": student.id, "message": "Hi", **change}, status=422).json
    assert [fault["name"] for fault in answer["errors"]] == [name]


def test_an_inactive_user_is_written_nothing(client: Client, student: Actor, admin: Actor) -> None:
    gone = make_user(client, is_active=False)
    admin.post(ALL, {"recipient_id": gone.id, "message": "Hi"}, status=422)
    address = make_notification(client, student)
    admin.patch(address, {"recipient_id": gone.id}, status=422)
    admin.put(address, {"recipient_id": gone.id, "message": "Hi"}, status=422)


def test_an_administrator_replaces_and_patches(client: Client, student: Actor, teacher: Actor, admin: Actor) -> None:
    address = make_notification(client, student, is_read=True)
    replaced = admin.put(address, {"message": "new"}).json
    assert (replaced["message"], replaced["is_read"], replaced["recipient_id"]) == ("new", False, student.id)
    assert admin.patch(address, {"is_read": True}).json["is_read"] is True
    assert admin.patch(address, {"recipient_id": teacher.id}).json["recipient_id"] == teacher.id
    assert teacher.get(address).json["message"] == "new"
    student.get(address, status=404)
    admin.put(address, {}, status=422)
    admin.patch(address, {"message": None}, status=422)


def test_two_notifications_of_one_event_can_not_be_given_to_one_user(
    client: Client, student: Actor, teacher: Actor, admin: Actor
) -> None:
    event_id = uuid4()
    make_notification(client, student, event_id=event_id)
    address = make_notification(client, teacher, event_id=event_id)
    answer = admin.patch(address, {"recipient_id": student.id}, status=409)
    assert answer.json["code"] == "already_notified"


def test_a_deleted_notification_is_gone(client: Client, student: Actor, admin: Actor) -> None:
    address = make_notification(client, student)
    admin.delete(address)
    admin.delete(address, status=404)
    assert listed(student) == []


def test_all_own_are_marked_read_at_once(client: Client, student: Actor, admin: Actor) -> None:
    for recipient, is_read in ((student, False), (student, False), (student, True), (admin, False)):
        make_notification(client, recipient, is_read=is_read)
    with counted_statements(client.registry) as statements:
        assert student.post(ALL + "read-all/", status=200).json == {"marked": 2}
    assert len(statements) == 4
    assert student.post(ALL + "read-all/", status=200).json == {"marked": 0}
    assert listed(student, "?is_read=false") == []
    assert len(listed(admin, "?is_read=false")) == 1
    client.post(ALL + "read-all/", status=401)


def test_what_notifications_cost_the_database(client: Client, student: Actor) -> None:
    address, *_ = [make_notification(client, student) for _ in range(5)]
    with counted_statements(client.registry) as reading:
        student.get(address)
    with counted_statements(client.registry) as listing:
        student.get(ALL)
    with counted_statements(client.registry) as marking:
        student.patch(address, {"is_read": True})
    assert (len(reading), len(listing), len(marking)) == (1, 2, 4)
