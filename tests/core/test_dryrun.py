"""Dry runs: everything but the commit, and nothing besides it either."""

from pathlib import Path
from typing import Any

import pytest
from pyramid.exceptions import ConfigurationConflictError
from sqlalchemy import select

from courseplatform.dryrun import DryRun, prefers_dry_run
from courseplatform.jobs import OutboxJob, PeriodicRun
from courseplatform.limits import rate
from courseplatform.testing import Client
from tests.core import rehearsal
from tests.core.conftest import build
from tests.factories.audit import audit_lines

DRY = {"Prefer": "dry-run"}
WRITES, FILES, BELL = "/api/sandbox/writes/", "/api/sandbox/files/", "/api/rehearsal/bell/"


def rows(client: Client, column: Any = PeriodicRun.name) -> set[str]:
    with client.script() as request:
        return set(request.db.scalars(select(column)))


def dry(client: Client, path: str, status: int = 200) -> Any:
    return client.post(path, headers=DRY, status=status)


@pytest.mark.parametrize(
    ("header", "is_one"),
    [
        ("dry-run", True),
        ("Dry-Run", True),
        ("respond-async, wait=10 , dry-run;x=1", True),
        ('dry-run=""', True),
        ("dry-run=true", True),
        ("dry-run=whatever", True),
        ("dry-run = false", False),
        ("", False),
        ("return=minimal; dry-run", False),
        ("dry-runs", False),
        ('x="1, dry-run, \\", dry-run"', False),
        ('x="1, dry-run', False),
        ('x="\\"", dry-run', True),
        (",;=," * 20_000, False),
        ('"\\' * 50_000, False),
    ],
)
def test_a_preference_is_read_as_rfc_7240_says(header: str, is_one: bool, client: Client) -> None:
    with client.script() as request:
        request.headers["Prefer"] = header
        assert prefers_dry_run(request) is is_one


def test_nothing_is_kept_and_the_answer_says_what_would_be(committing_client: Client) -> None:
    told = dry(committing_client, f"{BELL}?times=2")
    assert told.headers["Preference-Applied"] == "dry-run"
    assert not {"ETag", "Set-Cookie", "Location"} & set(told.headers)
    event = {"type": "bell.rang", "course_id": str(rehearsal.COURSE_ID), "actor_id": None}
    assert DryRun().deserialize(told.json) == {
        "dry_run": True,
        "status": 200,
        "resource": {},
        "event_count": 2,
        "events": [{**event, "data": {"loudness": 0}}, {**event, "data": {"loudness": 1}}],
        "jobs": {"tests.core.sandbox_jobs.fail": 2, "tests.core.sandbox_jobs.tick": 2},
        "forecasts": {"jobs": {"failures": 2, "heard": 2}, "noise": {"loudness": 201, "heard_before": 1}},
        "is_complete": True,
    }
    assert rows(committing_client) == rows(committing_client, OutboxJob.name) == set()


def test_so_that_an_answer_and_its_cost_are_bounded_much_is_counted_only(client: Client) -> None:
    told = dry(client, f"{BELL}?times=150").json
    assert (told["event_count"], len(told["events"]), told["is_complete"]) == (150, 100, False)
    assert told["jobs"]["tests.core.sandbox_jobs.fail"] == told["forecasts"]["jobs"]["failures"] == 150
    assert told["forecasts"]["noise"]["loudness"] == 10 * 100 + sum(range(10))


def test_a_refusal_is_the_same_and_keeps_nothing_either(committing_client: Client) -> None:
    refused = dry(committing_client, f"{BELL}?then=refuse", status=409)
    assert refused.json == committing_client.post(f"{BELL}?then=refuse", status=409).json
    assert "Preference-Applied" not in refused.headers
    assert rows(committing_client) == set()


def test_a_view_that_returns_its_refusal_is_refused(committing_client: Client) -> None:
    assert dry(committing_client, f"{WRITES}?then=return", status=409).json == {"name": "scratch"}
    assert rows(committing_client) == set()


def test_constraints_speak_as_at_the_commit(committing_client: Client) -> None:
    committing_client.post(WRITES, status=200, raw=b"")
    committing_client.post(f"{WRITES}?name=other", status=200, raw=b"")
    assert dry(committing_client, f"{WRITES}?then=commit", status=409).json["code"] == "conflict"
    assert dry(committing_client, f"{WRITES}?then=defer&name=x", status=409).json["code"] == "conflict"
    assert dry(committing_client, f"{WRITES}?then=null&name=x", status=500).json["code"] == "internal_error"
    assert rows(committing_client) == {"scratch", "other"}


def test_what_commits_by_itself_is_refused(committing_client: Client) -> None:
    assert dry(committing_client, f"{WRITES}?then=own", status=422).json["code"] == "dry_run_unsupported"
    assert rows(committing_client) == set()


def test_what_stays_of_a_refusal_stays_and_what_stays_of_nothing_does_not(committing_client: Client) -> None:
    dry(committing_client, f"{WRITES}?then=abort")
    assert rows(committing_client) == set()
    dry(committing_client, "/api/sandbox/aborts/?name=stolen", status=401)
    assert rows(committing_client) == {"stolen"}


def test_a_secret_has_no_dry_run(committing_client: Client) -> None:
    assert dry(committing_client, "/api/rehearsal/safe/", status=422).json["code"] == "dry_run_unsupported"
    assert rows(committing_client) == set()
    committing_client.post("/api/rehearsal/safe/", status=200)
    assert rows(committing_client) == {"opened"}


def test_a_view_of_pyramids_own_has_one_too(committing_client: Client) -> None:
    told = dry(committing_client, "/plainly").json
    assert (told["status"], told["resource"]) == (201, {"name": "plain"})
    assert rows(committing_client) == set()
    assert committing_client.post("/plainly").json == {"name": "plain"}
    assert rows(committing_client) == {"plain"}


def test_reads_ignore_it(client: Client) -> None:
    read = client.get("/api/courses/", headers=DRY)
    assert set(read.json) == {"results", "next", "previous"} and "Preference-Applied" not in read.headers


def test_files_come_and_go_as_rows_do(committing_client: Client, files_folder: Path) -> None:
    def stored() -> set[Path]:
        return {path for path in files_folder.rglob("*") if path.is_file()}

    before = stored()
    told = committing_client.call("POST", f"{FILES}?name=x", params=b"hello", headers=DRY, status=200).json
    assert told["resource"]["size_bytes"] == 5 and stored() == before
    committing_client.call("POST", FILES, params=b"hello", status=200)
    kept = stored()
    assert kept != before
    assert committing_client.call("DELETE", FILES, headers=DRY, status=200).json["resource"] is None
    assert stored() == kept


def test_nobody_is_told_that_it_happened(
    committing_client: Client, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = audit_lines(caplog)
    registry = committing_client.registry
    monkeypatch.setitem(registry.settings, "limits.bells", rate("1/minute"))
    with committing_client.script() as request:
        request.hit_limit("bells", "somebody")
    counted = dict(registry["limits"].here.windows)
    registry["jobs.wake"].clear()
    dry(committing_client, BELL)
    assert lines() == [] and registry["limits"].here.windows == counted
    assert not registry["jobs.wake"].is_set()
    committing_client.post(BELL, status=200)
    assert [line["event"] for line in lines()] == ["bell.rang"]
    assert not any(key.startswith("bells:") for key in registry["limits"].here.windows)
    assert registry["jobs.wake"].is_set()


def test_the_victim_of_a_deadlock_is_tried_again(committing_client: Client) -> None:
    committing_client.registry["sandbox.attempts"] = 0
    assert dry(committing_client, "/api/sandbox/deadlock/").json["resource"] == {"attempts": 2}


def test_two_forecasts_of_one_event_under_one_name_are_a_conflict() -> None:
    def twice(config: Any) -> None:
        for _ in range(2):
            config.include(rehearsal.includeme, route_prefix=None)
            config.add_forecast("noise", rehearsal.Rang, rehearsal.loudness)

    with pytest.raises(ConfigurationConflictError):
        build(twice)
