"""What a reader wants to hear, and where."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from courseplatform.testing import Client, counted_statements
from plugins.notifications.models import Inbox, Notification
from tests.contracts.contributions import contributed, lacking
from tests.factories.accounts import Actor, make_user
from tests.factories.mail import Mailbox
from tests.factories.notifications import ALL, PREFERENCES, make_notification

from . import news
from .conftest import School, kinds

EXPORT = "/api/users/me/export/"
#: By hand: what people expect who have said nothing.
MAILED = {
    "message", "enrolled", "due_soon", "graded", "returned", "certificate_issued", "certificate_revoked",
    "role_changed",
}  # fmt: skip
NOT_MAILED = {"lesson_published", "assignment_published", "due_date_changed", "submitted", "replied"}.union(
    contributed("KINDS")
)


def stored(client: Client, actor: Actor) -> Any:
    with client.script() as request:
        inbox = request.db.get(Inbox, actor.user_id)
        return None if inbox is None else inbox.preferences


def test_what_matters_is_mailed_and_everything_is_listed_by_default(client: Client, student: Actor) -> None:
    told = student.get(PREFERENCES).json
    assert {kind for kind, is_on in told["email"].items() if is_on} == MAILED
    not_mailed = {kind for kind, is_on in told["email"].items() if not is_on}
    assert not_mailed == NOT_MAILED, lacking("KINDS", not_mailed - NOT_MAILED)
    assert told["in_app"] == dict.fromkeys(MAILED - {"message"} | NOT_MAILED, True)
    client.get(PREFERENCES, status=401)


def test_put_replaces_and_patch_merges(client: Client, student: Actor, teacher: Actor) -> None:
    defaults = student.get(PREFERENCES).json
    put = student.put(PREFERENCES, {"email": {"graded": False}}).json
    assert put == {**defaults, "email": {**defaults["email"], "graded": False}}
    patched = student.patch(PREFERENCES, {"email": {"submitted": True}, "in_app": {"replied": False}}).json
    assert patched == student.get(PREFERENCES).json
    assert (patched["email"]["graded"], patched["email"]["submitted"], patched["in_app"]["replied"]) == (
        False, True, False,
    )  # fmt: skip
    assert student.patch(PREFERENCES, {"email": {"graded": None}}).json["email"]["graded"] is True
    assert student.patch(PREFERENCES, {}).json["email"]["submitted"] is True
    assert student.patch(PREFERENCES, {"email": None}).json["email"] == defaults["email"]
    assert student.put(PREFERENCES, {}).json == defaults
    assert teacher.get(PREFERENCES).json == defaults


def test_only_what_differs_from_the_default_is_stored(client: Client, student: Actor) -> None:
    everything = student.get(PREFERENCES).json
    assert stored(client, student) is None
    student.put(PREFERENCES, everything)
    assert stored(client, student) == {}
    everything["email"]["graded"] = False
    student.put(PREFERENCES, everything)
    assert stored(client, student) == {"email": {"graded": False}}
    student.patch(PREFERENCES, {"email": {"graded": True}})
    assert stored(client, student) == {}


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"email": {"gossip": True}}, "email"),
        ({"in_app": {"message": False}}, "in_app"),
        ({"email": {"graded": 1}}, "email"),
        ({"email": {"graded": "no"}}, "email"),
        ({"email": []}, "email"),
        ({"pigeon": {}}, "pigeon"),
    ],
)
def test_faulty_preferences_are_refused(client: Client, student: Actor, method: str, body: Any, name: str) -> None:
    answer = student.call(method, PREFERENCES, body, status=422).json
    assert [fault["name"] for fault in answer["errors"]] == [name]
    assert "gossip" not in str(answer)
    assert stored(client, student) in (None, {})


def test_what_has_changed_meanwhile_is_not_overwritten(client: Client, student: Actor) -> None:
    etag = student.get(PREFERENCES).headers["ETag"]
    changed = student.patch(PREFERENCES, {"email": {"graded": False}}, headers={"If-Match": etag})
    student.patch(PREFERENCES, {"email": {"graded": True}}, headers={"If-Match": etag}, status=412)
    student.get(PREFERENCES, headers={"If-None-Match": changed.headers["ETag"]}, status=304)


def test_two_who_patch_at_once_both_count(committing_client: Client) -> None:
    student = make_user(committing_client)
    switches = list(MAILED - {"message"})
    with ThreadPoolExecutor(len(switches)) as threads:
        list(threads.map(lambda kind: student.patch(PREFERENCES, {"email": {kind: False}}), switches))
    told = student.get(PREFERENCES).json["email"]
    assert {kind for kind, is_on in told.items() if is_on} == {"message"}


def test_what_is_switched_off_everywhere_is_not_made(school: School, mailbox: Mailbox) -> None:
    student = school.students[0]
    student.patch(PREFERENCES, {"in_app": {"graded": False}, "email": {"graded": False}})
    school.emit(news.graded(school, school.submission("checked")))
    assert kinds(student) == [] and mailbox.read() == []
    with school.client.script() as request:
        assert request.db.query(Notification).count() == 0


def test_what_is_only_mailed_is_nowhere_to_be_seen_and_yet_told_once(school: School, mailbox: Mailbox) -> None:
    student = school.students[0]
    student.patch(PREFERENCES, {"in_app": {"graded": False}})
    submission_id = school.submission("checked")
    for _ in range(2):
        school.emit(news.graded(school, submission_id))
    assert len(mailbox.read()) == 1
    with school.client.script() as request:
        (row,) = request.db.query(Notification)
    address = f"{ALL}{row.id}/"
    assert kinds(student) == student.get(f"{ALL}?since=0").json["results"] == []
    student.get(address, status=404)
    student.patch(address, {"is_read": True}, status=404)
    assert student.post(f"{ALL}read-all/", status=200).json == {"marked": 0}


def test_each_reader_of_a_chunk_gets_what_they_want(school: School, mailbox: Mailbox) -> None:
    quiet, mailed = school.students
    quiet.patch(PREFERENCES, {"in_app": {"lesson_published": False}})
    mailed.patch(PREFERENCES, {"email": {"lesson_published": True}})
    school.emit(news.lesson_published(school))
    assert (kinds(quiet), kinds(mailed)) == ([], ["lesson_published"])
    assert [mail["To"] for mail in mailbox.read()] == [mailed.get("/api/users/me/").json["email"]]


def test_the_export_says_what_is_preferred(client: Client, student: Actor) -> None:
    make_notification(client, student)
    student.patch(PREFERENCES, {"email": {"graded": False}})
    told = student.get(EXPORT).json
    assert told["notification_preferences"]["email"]["graded"] is False
    assert [row["message"] for row in told["notifications"]] == ["Hello."]


def test_what_preferences_cost_the_database(client: Client, student: Actor) -> None:
    with counted_statements(client.registry) as reading:
        student.get(PREFERENCES)
    with counted_statements(client.registry) as writing:
        student.patch(PREFERENCES, {"email": {"graded": False}})
    assert (len(reading), len(writing)) == (2, 3)
