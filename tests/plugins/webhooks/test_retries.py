"""Trying again, leaving alone, giving up, and beginning anew from a sequence."""

from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from courseplatform.testing import Client
from plugins.webhooks import deliveries
from plugins.webhooks.deliveries import LEASE, RETRY_S
from plugins.webhooks.events import WebhookDisabled
from plugins.webhooks.jobs import purge_events, resume_deliveries
from plugins.webhooks.sending import seconds_of
from tests.plugins.webhooks.conftest import Hook, School
from tests.plugins.webhooks.receiver import status

DAY_S = 24 * 3600


def numbers(school: School, hook: Hook) -> list[int]:
    """The sequences that came, in their order; also by a clock that was moved."""
    import json

    return [json.loads(got.body)["sequence"] for got in school.receiver.got]


def wait_s(school: School, hook: Hook) -> float:
    """How long the waiting attempt still waits."""
    from datetime import datetime

    (line,) = hook.ledger(status="waiting")
    return (datetime.fromisoformat(line["due_at"]) - school.client.clock()).total_seconds()


# --- again


def test_the_waits_go_over_about_a_day() -> None:
    assert RETRY_S[:6] == (5, 300, 1_800, 7_200, 18_000, 36_000)
    assert 0.9 * DAY_S < sum(RETRY_S) < DAY_S


def test_a_failed_event_is_tried_again_after_longer_and_longer_waits_and_then_given_up(school: School) -> None:
    school.receiver.otherwise = status(503)
    hook = school.hook()
    school.happen()
    school.run()
    for attempt, expected_s in enumerate(RETRY_S, start=1):
        assert len(school.receiver.got) == attempt
        waits_s = wait_s(school, hook)
        assert 0.85 * expected_s - 2 < waits_s <= 1.1 * expected_s + 1
        school.pass_time(seconds=waits_s - 1)
        assert len(school.receiver.got) == attempt, "not before its time"
        school.pass_time(seconds=2)
    lines = hook.ledger()
    assert [line["attempt"] for line in lines] == list(range(1, 9))
    assert {line["status"] for line in lines} == {"failed"}
    assert len({got.id for got in school.receiver.got}) == 1, "its id stays"
    times = [int(got.headers["webhook-timestamp"]) for got in school.receiver.got]
    assert times == sorted(times) and times[-1] - times[0] > 0.8 * DAY_S, "its time is the attempt's"
    school.pass_time(days=3)
    assert len(school.receiver.got) == 8


def test_waits_are_spread(school: School) -> None:
    school.receiver.otherwise = status(500)
    hooks = [school.hook() for _ in range(8)]
    school.happen()
    school.run()
    school.pass_time(seconds=10)
    assert len({round(wait_s(school, hook)) for hook in hooks}) > 1


def test_500_then_200_is_delivered_once_and_all_is_forgotten(school: School) -> None:
    hook = school.hook()
    school.receiver.answers = [status(500)]
    school.happen()
    school.run()
    assert hook.show()["failing_since"] is not None
    school.pass_time(seconds=10)
    school.pass_time(days=2)
    assert len(school.receiver.got) == 2
    assert hook.show()["failing_since"] is None
    assert school.row(hook).failure_count == 0


@pytest.mark.parametrize("code", [429, 503])
def test_retry_after_is_respected(code: int, school: School) -> None:
    hook = school.hook()
    school.receiver.answers = [status(code, Retry_After="600")]
    school.happen()
    school.run()
    assert 595 < wait_s(school, hook) <= 601
    school.happen()
    school.pass_time(seconds=500)
    assert len(school.receiver.got) == 1, "nothing else is sent before either"
    school.pass_time(seconds=102)
    assert numbers(school, hook) == [1, 2, 1]


def test_retry_after_is_read_in_both_its_forms(client: Client) -> None:
    now = client.clock().replace(microsecond=0)
    for text, expected in (
        ("120", 120),
        (format_datetime(now + timedelta(minutes=5), usegmt=True), 300),
        (format_datetime(now - timedelta(minutes=5), usegmt=True), 0),
        ("99999999999999999999", DAY_S),
        ("-5", 0),
        ("soon", 0),
        ("", 0),
        (None, 0),
        ("Thu, 01 Jan 99999 00:00:00 GMT", 0),
        ("\u0661\u0662", 0),
    ):
        assert seconds_of(text, now) == expected, text


# --- leaving alone


def test_a_receiver_that_is_down_costs_one_attempt_a_pause_however_much_waits(school: School) -> None:
    school.receiver.otherwise = status(500)
    hook = school.hook()
    school.happen(30)
    school.run()
    assert len(school.receiver.got) == 1
    for hours in range(1, 7):
        for _ in range(6):
            school.pass_time(minutes=10)
        assert len(school.receiver.got) <= 5 + 2 * hours
    school.receiver.otherwise = status(204)
    school.pass_time(minutes=40)
    waiting = {line["sequence"] for line in hook.ledger(status="waiting")}
    delivered = {line["sequence"] for line in hook.ledger(status="delivered")}
    assert waiting | delivered == set(range(1, 31))
    assert len(delivered) > 15
    school.pass_time(hours=11)
    assert {line["sequence"] for line in hook.ledger(status="delivered")} == set(range(1, 31))


def test_an_event_that_its_receiver_can_t_take_does_not_hold_up_the_others(school: School) -> None:
    def choosy(handler: Any) -> None:
        status(500 if b'"sequence":2,' in school.receiver.got[-1].body else 204)(handler)

    school.receiver.otherwise = choosy
    hook = school.hook()
    school.happen(4)
    school.run()
    school.pass_time(seconds=10)
    assert numbers(school, hook) == [1, 2, 3, 4, 2] or numbers(school, hook) == [1, 2, 2, 3, 4]
    school.pass_time(minutes=6)
    assert {line["sequence"] for line in hook.ledger(status="delivered")} == {1, 3, 4}


def test_one_failing_webhook_is_nothing_to_the_others(school: School) -> None:
    school.hook(url="http://127.0.0.1:9/")
    school.hook()
    school.happen(3)
    school.run()
    assert len(school.receiver.got) == 3


# --- giving up


@pytest.fixture
def heard(school: School) -> list[WebhookDisabled]:
    found: list[WebhookDisabled] = []
    school.client.registry.registerHandler(found.append, (WebhookDisabled,))
    yield found
    school.client.registry.unregisterHandler(found.append, (WebhookDisabled,))


def test_410_disables_at_once(school: School, heard: list[WebhookDisabled]) -> None:
    hook = school.hook()
    school.receiver.answers = [status(410)]
    school.happen(3)
    school.run()
    assert len(school.receiver.got) == 1
    shown = hook.show()
    assert (shown["is_enabled"], shown["disabled_reason"]) == (False, "gone")
    assert [line["status"] for line in hook.ledger()] == ["failed", "cancelled", "cancelled"]
    (event,) = heard
    assert (str(event.webhook_id), event.owner_id, event.reason) == (hook.id, school.owner.user_id, "gone")


def test_a_day_without_a_success_disables(school: School, heard: list[WebhookDisabled]) -> None:
    school.receiver.otherwise = status(500)
    hook = school.hook()
    for _ in range(23):
        school.happen()
        school.pass_time(hours=1)
    assert hook.show()["is_enabled"] is True and heard == []
    for _ in range(2):
        school.happen()
        school.pass_time(hours=1)
    assert (hook.show()["is_enabled"], hook.show()["disabled_reason"]) == (False, "failing")
    assert len(heard) == 1
    assert hook.ledger(status="waiting") == []
    asked = len(school.receiver.got)
    school.happen()
    school.pass_time(days=1)
    assert len(school.receiver.got) == asked


def test_one_success_a_day_is_enough(school: School) -> None:
    hook = school.hook()
    for _ in range(4):
        school.receiver.otherwise = status(500)
        school.happen()
        school.pass_time(hours=20)
        school.receiver.otherwise = status(204)
        school.pass_time(hours=2)
    assert hook.show()["is_enabled"] is True


def test_enabled_again_it_begins_anew(school: School) -> None:
    hook = school.hook()
    school.receiver.answers = [status(410)]
    school.happen(2)
    school.run()
    school.happen()
    school.run()
    assert hook.patch(is_enabled=True)["disabled_reason"] is None
    school.pass_time(hours=1)
    assert len(school.receiver.got) == 1, "what happened meanwhile is not sent by itself"
    school.happen()
    school.run()
    assert numbers(school, hook)[1:] == [4 + 1]  # the fourth was the disabling itself


def test_disabled_by_hand_nothing_waits(school: School) -> None:
    hook = school.hook()
    school.happen(2)
    hook.patch(is_enabled=False)
    school.run()
    assert hook.patch(is_enabled=True)["disabled_reason"] is None
    school.run()
    assert school.receiver.got == [] and school.deliveries() == []
    school.receiver.answers = [status(500)]
    school.happen(2)
    school.run()
    hook.patch(is_enabled=False)
    assert hook.ledger(status="waiting") == []
    hook.patch(is_enabled=True)
    school.pass_time(hours=1)
    assert len(school.receiver.got) == 1


# --- replay


def test_a_replay_sends_everything_after_a_sequence_again(school: School) -> None:
    hook = school.hook()
    school.happen(4)
    school.run()
    assert school.owner.post(f"{hook.address}replay/", {"after": 2}, status=202).json == {"after": 2, "until": 4}
    school.happen()
    school.run()
    assert sorted(numbers(school, hook)[4:]) == [3, 4, 5]
    assert school.receiver.got[2].id in {got.id for got in school.receiver.got[4:]}, "by the same id"


def test_a_replay_sends_only_what_the_webhook_is_for(school: School) -> None:
    school.happen(2)
    school.run()
    hook = school.hook(event_types=["course.unpublished"])
    school.owner.post(f"{hook.address}replay/", {"after": 0}, status=202)
    school.run()
    assert school.receiver.got == []


def test_replays_at_once_send_once(school: School) -> None:
    hook = school.hook()
    school.receiver.otherwise = status(500)
    school.happen(3)
    school.run()
    for _ in range(3):
        school.owner.post(f"{hook.address}replay/", {"after": 0}, status=202)
    school.receiver.otherwise = status(204)
    school.run()
    assert sorted(numbers(school, hook)) == [1, 2, 3] or sorted(numbers(school, hook)) == [1, 1, 2, 3]
    school.pass_time(hours=1)
    assert sorted(numbers(school, hook)) == [1, 1, 2, 3]


def test_a_replay_works_in_parts_until_all_is_done(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliveries, "CHUNK_EVENTS", 2)
    hook = school.hook()
    school.happen(7)
    school.run()
    school.owner.post(f"{hook.address}replay/", {"after": 1}, status=202)
    school.run()
    assert numbers(school, hook)[7:] == [2, 3, 4, 5, 6, 7]


def test_a_replay_from_what_is_gone_or_never_was_is_refused(school: School) -> None:
    hook = school.hook()
    school.happen(3)
    school.run()
    for after in (4, 2**53 - 1):
        refusal = school.owner.post(f"{hook.address}replay/", {"after": after}, status=409)
        assert refusal.json["code"] == "sequence_unknown"
    school.client.clock.move(days=91)
    with school.client.script() as request:
        purge_events(request)
    school.owner.post(f"{hook.address}replay/", {"after": 1}, status=409)
    assert school.owner.post(f"{hook.address}replay/", {"after": 0}, status=202).json["until"] == 3
    for after in (-1, "1", 1.5, True, None):
        school.owner.post(f"{hook.address}replay/", {"after": after}, status=422)


# --- when a worker is killed


def test_what_a_killed_worker_left_is_taken_up_when_its_time_is_over(school: School) -> None:
    hook = school.hook()
    school.happen()
    with school.client.script() as request:
        from plugins.webhooks.jobs import number_events

        number_events(request)
    with school.client.script() as request:
        assert deliveries.claim(request, school.row(hook).id) is not None
    school.run()
    assert school.receiver.got == [], "another may still be at it"
    school.client.clock.move(seconds=LEASE.total_seconds() - 1)
    for _ in range(2):
        with school.client.script() as request:
            resume_deliveries(request)
        school.run()
        school.client.clock.move(seconds=2)
    with school.client.script() as request:
        resume_deliveries(request)
    school.run()
    assert len(school.receiver.got) == 1
    assert [line["status"] for line in hook.ledger()] == ["delivered"]


def test_a_worker_that_was_taken_for_dead_writes_nothing_into_the_ledger(school: School) -> None:
    from plugins.webhooks.sending import Outcome

    hook = school.hook()
    school.happen()
    with school.client.script() as request:
        from plugins.webhooks.jobs import number_events

        number_events(request)
    with school.client.script() as request:
        outgoing = deliveries.claim(request, school.row(hook).id)
    school.client.clock.move(seconds=LEASE.total_seconds() + 1)
    school.run()
    with school.client.script() as request:
        assert deliveries.record(request, outgoing, Outcome(request.now, 5, 500)) == []
    assert [line["status"] for line in hook.ledger()] == ["delivered"]


def test_there_is_nothing_to_resume_where_nothing_waits(school: School) -> None:
    hook = school.hook()
    school.receiver.answers = [status(500)]
    school.happen()
    school.run()

    def to_resume() -> list[str]:
        with school.client.script() as request:
            return [str(webhook_id) for webhook_id in deliveries.with_work(request)]

    assert to_resume() == []
    school.client.clock.move(hours=1)
    assert to_resume() == [hook.id]
    school.set(hook, is_enabled=False)
    assert to_resume() == []
