"""From what happens to what a receiver gets, and what the ledger says of it."""

import http.server
import threading
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from standardwebhooks.webhooks import WebhookVerificationError

from courseplatform.testing import Client
from plugins.courses.events import CourseArchived, CourseUnpublished
from plugins.webhooks import jobs, sending
from plugins.webhooks.operations import disabled_count, oldest_undelivered_s, waiting_count
from tests.factories.courses import id_of
from tests.plugins.webhooks.conftest import EVENTS, School
from tests.plugins.webhooks.receiver import flood, hang, slowly, status


def test_what_happens_reaches_the_receiver_signed_as_standard_webhooks_has_it(school: School) -> None:
    hook = school.hook()
    school.happen()
    school.run()
    (got,) = school.receiver.got
    payload = got.verified(hook.secret)
    (event,) = school.admin.get(EVENTS).json["results"]
    assert payload == event
    assert payload["type"] == "course.archived"
    assert (payload["course_id"], payload["actor_id"], payload["data"]) == (str(school.course_id), school.owner.id, {})
    assert (got.path, got.id) == ("/hook", payload["id"])
    assert got.headers["content-type"] == "application/json"
    assert abs(int(got.headers["webhook-timestamp"]) - school.client.clock().timestamp()) < 60
    with pytest.raises(WebhookVerificationError):
        got.verified("whsec_" + "A" * 43 + "=")
    got.body = got.body.replace(b"archived", b"deleted")
    with pytest.raises(WebhookVerificationError):
        got.verified(hook.secret)


def test_the_snippet_of_the_documentation_verifies_it(school: School) -> None:
    text = (Path(__file__).parents[3] / "docs/clients.md").read_text()
    code = next(part.partition("```")[0] for part in text.split("```python\n") if "def verified" in part)
    found: dict[str, Any] = {}
    exec(code, found)
    hook = school.hook()
    school.owner.post(f"{hook.address}secret/", status=200)
    school.happen()
    school.run()
    (got,) = school.receiver.got
    verify = found["verified"]
    assert verify(hook.secret, got.headers, got.body) == got.verified(hook.secret)
    for headers, body in (
        (got.headers, got.body + b" "),
        ({**got.headers, "webhook-id": "x"}, got.body),
        ({**got.headers, "webhook-timestamp": "1"}, got.body),
        ({**got.headers, "webhook-signature": "v1,x"}, got.body),
    ):
        with pytest.raises(ValueError, match="platform"):
            verify(hook.secret, headers, body)
    school.client.clock.move(minutes=-6)
    school.happen()
    school.run()
    with pytest.raises(ValueError, match="too old"):
        verify(hook.secret, school.receiver.got[1].headers, school.receiver.got[1].body)


def test_the_whole_way_from_a_request(school: School) -> None:
    hook = school.hook(event_types=["course.archived"])
    school.owner.put(f"{school.course}archive/")
    school.owner.delete(f"{school.course}archive/", status=200)
    school.run()
    (got,) = school.receiver.got
    assert got.verified(hook.secret)["type"] == "course.archived"


def test_each_webhook_gets_what_it_is_for(school: School) -> None:
    """All of one's course; one type; everything to administrators; nothing while disabled."""
    for path, owner, fields in (
        ("course", school.owner, {}),
        ("type", school.owner, {"event_types": ["course.unpublished"]}),
        ("all", school.admin, {}),
        ("admins-course", school.admin, {"course_id": str(school.course_id)}),
        ("off", school.owner, {"is_enabled": False}),
    ):
        school.hook(owner, url=f"{school.receiver.url}/{path}", **fields)
    by = {"by_user_id": school.owner.user_id}
    with school.client.script() as request:
        request.emit(CourseArchived(course_id=school.course_id, **by))
        request.emit(CourseUnpublished(course_id=school.course_id, **by))
        request.emit(CourseArchived(course_id=UUID(id_of(school.other_course)), **by))
    school.run()
    got: dict[str, int] = {}
    for request in school.receiver.got:
        got[request.path.rpartition("/")[2]] = got.get(request.path.rpartition("/")[2], 0) + 1
    assert got == {"course": 2, "type": 1, "all": 3, "admins-course": 2}


def test_a_webhook_is_not_sent_what_happened_before_it(school: School) -> None:
    school.happen()
    school.run()
    school.hook()
    school.run()
    assert school.receiver.got == []


def test_events_go_out_in_their_order(school: School) -> None:
    hook = school.hook()
    with school.client.script() as request:
        for _ in range(5):
            request.emit(CourseArchived(course_id=school.course_id, by_user_id=school.owner.user_id))
    school.run()
    assert [got.verified(hook.secret)["sequence"] for got in school.receiver.got] == [1, 2, 3, 4, 5]


# --- the ledger


def test_the_ledger_has_every_attempt(school: School) -> None:
    hook = school.hook()
    school.receiver.answers = [status(500)]
    school.happen()
    school.run()
    failed, waiting = hook.ledger()
    assert set(failed) == {
        *("id", "event_id", "event_type", "sequence", "attempt", "status"),
        *("due_at", "attempted_at", "status_code", "error", "duration_ms"),
    }
    assert (failed["status"], failed["status_code"], failed["error"], failed["attempt"]) == ("failed", 500, None, 1)
    assert (failed["event_type"], failed["sequence"]) == ("course.archived", 1)
    assert 0 <= failed["duration_ms"] < 5_000
    assert (waiting["status"], waiting["attempt"], waiting["attempted_at"]) == ("waiting", 2, None)
    school.pass_time(seconds=10)
    first, second = hook.ledger()
    assert (first, second["status"], second["status_code"]) == (failed, "delivered", 204)
    assert second["event_id"] == first["event_id"]
    assert [got.id for got in school.receiver.got] == [first["event_id"]] * 2
    assert hook.ledger(status="delivered") == [second]
    school.owner.get(f"{hook.address}deliveries/?status=x", status=422)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (status(200), ("delivered", 200, None)),
        (status(299), ("delivered", 299, None)),
        (status(302, Location="http://127.0.0.1:9/"), ("failed", 302, None)),
        (status(404), ("failed", 404, None)),
        (flood, ("delivered", 200, None)),
        (lambda handler: None, ("failed", None, "connection")),
        (lambda handler: handler.wfile.write(b"no HTTP at all\r\n\r\n"), ("failed", None, "connection")),
        (
            lambda handler: handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000),
            ("failed", None, "connection"),
        ),
    ],
    ids=["200", "299", "redirect", "404", "flood", "hangs up", "no HTTP", "endless header"],
)
def test_whatever_a_receiver_does_is_one_line(answer: Any, expected: Any, school: School) -> None:
    hook = school.hook()
    school.receiver.answers = [answer]
    school.happen()
    started = time.monotonic()
    school.run()
    line = hook.ledger()[0]
    assert (line["status"], line["status_code"], line["error"]) == expected
    assert time.monotonic() - started < 3
    assert len(school.receiver.got) == 1


def test_a_redirect_is_not_followed(school: School) -> None:
    school.receiver.answers = [status(307, Location=f"{school.receiver.url}/elsewhere")]
    school.hook()
    school.happen()
    school.run()
    assert [got.path for got in school.receiver.got] == ["/hook"]


def test_a_receiver_that_hangs_costs_a_few_seconds(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "TOTAL_S", 0.4)
    hook = school.hook()
    school.receiver.answers = [hang]
    school.happen()
    started = time.monotonic()
    school.run()
    assert time.monotonic() - started < 3
    line = hook.ledger()[0]
    assert (line["status"], line["error"], line["status_code"]) == ("failed", "timeout", None)
    assert 400 <= line["duration_ms"] < 1_500


def test_who_is_not_there_is_no_connection(school: School) -> None:
    hook = school.hook(url="http://127.0.0.1:9/")
    school.happen()
    school.run()
    assert hook.ledger()[0]["error"] == "connection"


def test_a_failing_receiver_is_no_failure_of_the_job(school: School) -> None:
    from courseplatform.jobs import OutboxJob

    school.receiver.otherwise = status(500)
    school.hook()
    school.hook(url="http://127.0.0.1:9/")
    school.happen()
    school.run()
    with school.client.script() as request:
        jobs_done = request.db.query(OutboxJob).all()
        assert {(job.last_error, job.dead_at) for job in jobs_done} == {(None, None)}


def test_neither_proxies_nor_passwords_of_the_environment_are_used(
    school: School, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login root password secret")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    school.hook()
    school.happen()
    school.run()
    (got,) = school.receiver.got
    assert "authorization" not in got.headers


# --- trying one out


def test_a_test_goes_to_one_webhook_alone_whatever_types_it_is_for(school: School) -> None:
    hook = school.hook(event_types=["course.archived"])
    school.hook(url=f"{school.receiver.url}/other")
    school.hook(school.admin, url=f"{school.receiver.url}/all")
    assert school.owner.post(f"{hook.address}test/", status=202).json == {"event_type": "webhook.test"}
    school.run()
    (got,) = school.receiver.got
    payload = got.verified(hook.secret)
    assert (got.path, payload["type"], payload["data"]) == ("/hook", "webhook.test", {"webhook_id": hook.id})
    assert hook.ledger()[0]["event_type"] == "webhook.test"


def test_a_test_does_not_wait_for_the_end_of_a_pause(school: School) -> None:
    hook = school.hook()
    school.receiver.answers = [status(500)]
    school.happen()
    school.run()
    school.happen()
    school.run()
    assert len(school.receiver.got) == 1, "it is left alone after a failure"
    school.owner.post(f"{hook.address}test/", status=202)
    school.run()
    assert [got.verified(hook.secret)["type"] for got in school.receiver.got[1:]] == ["course.archived", "webhook.test"]


def test_a_disabled_webhook_can_be_neither_tested_nor_replayed(school: School) -> None:
    hook = school.hook(is_enabled=False)
    refused = school.owner.post(f"{hook.address}test/", status=409).json
    assert (refused["code"], refused["disabled_reason"]) == ("webhook_disabled", None)
    school.owner.post(f"{hook.address}replay/", {"after": 0}, status=409)
    assert school.log() == []


# --- others


def test_a_slow_receiver_holds_up_no_other(committing_school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even with one worker: after a slice of time, whoever waits has their turn; and no row is locked meanwhile."""
    school = committing_school
    monkeypatch.setattr(jobs, "SLICE_S", 0)
    school.hook(url=f"{school.receiver.url}/slow")
    school.hook(url=f"{school.receiver.url}/quick")
    school.receiver.otherwise = lambda handler: slowly(0.15 if handler.path.endswith("slow") else 0)(handler)
    with school.client.script() as request:
        for _ in range(6):
            request.emit(CourseArchived(course_id=school.course_id, by_user_id=school.owner.user_id))
    school.run()
    order = [got.path.rpartition("/")[2] for got in school.receiver.got]
    assert sorted(order) == ["quick"] * 6 + ["slow"] * 6
    assert [sorted(order[turn : turn + 2]) for turn in range(0, 12, 2)] == [["quick", "slow"]] * 6


def test_nothing_is_locked_while_a_receiver_thinks(committing_school: School) -> None:
    school = committing_school
    hook = school.hook()
    is_there, may_answer = threading.Event(), threading.Event()

    def think(handler: http.server.BaseHTTPRequestHandler) -> None:
        is_there.set()
        may_answer.wait(5)
        status(204)(handler)  # type: ignore[arg-type]

    school.receiver.answers = [think]
    school.happen()
    worker = threading.Thread(target=school.run)
    worker.start()
    assert is_there.wait(5)
    started = time.monotonic()
    hook.patch(description="changed meanwhile")
    school.happen()
    assert Client(school.client.app).run_jobs() == 2  # numbers it, and finds that another worker sends
    assert len(school.receiver.got) == 1
    assert time.monotonic() - started < 1.5
    may_answer.set()
    worker.join(10)
    assert [line["status"] for line in hook.ledger()] == ["delivered", "delivered"]
    assert hook.show()["description"] == "changed meanwhile"


def test_a_job_is_done_before_the_database_takes_its_transaction_for_dead(school: School) -> None:
    with school.client.script() as request:
        limit = request.db.scalar(sa.text("SHOW idle_in_transaction_session_timeout"))
    assert int(limit.removesuffix("s")) > jobs.SLICE_S + sending.TOTAL_S + 2


# --- figures


def test_figures_for_metrics(school: School) -> None:
    def figures() -> tuple[float, int, int]:
        with school.client.script() as request:
            return round(oldest_undelivered_s(request)), waiting_count(request), disabled_count(request)

    assert figures() == (0, 0, 0)
    school.receiver.otherwise = status(500)
    hook = school.hook()
    school.happen(2)
    school.run()
    school.client.clock.move(seconds=60)
    assert figures() == (60, 2, 0)
    school.set(hook, is_enabled=False)
    assert figures() == (0, 0, 0), "its owner disabled it"
    school.set(hook, is_enabled=True)
    school.receiver.otherwise = status(410)
    school.pass_time(hours=1)
    assert figures() == (0, 0, 1)
