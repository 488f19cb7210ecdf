"""``Prefer: dry-run`` on every write of the matrix: nothing is left of it, and it says what the write then does."""

import re
from collections import Counter
from typing import Any

import pytest
import sqlalchemy as sa

from courseplatform.dryrun import MAX_EVENTS, DryRun
from courseplatform.jobs import OutboxJob
from courseplatform.testing import counted_statements
from plugins.webhooks.models import DomainEvent
from tests.contracts.contributions import contributed
from tests.contracts.matrix import MATRIX, Row
from tests.contracts.stage import hash_of_rows, send
from tests.contracts.world import ACTORS

#: What a dry run may take on top of its write: one for the constraints, the rest for forecasts.
DRY_RUN = 4

#: Writes whose body or answer is a secret, and the protocol's own. By hand: whatever else there is has a dry run.
REFUSED = {
    "/auth/register/",
    "/auth/login/",
    "/auth/token/",
    "/auth/token/refresh/",
    "/auth/email-verification/confirm/",
    "/auth/password-reset/confirm/",
    "/auth/password-change/",
    "/auth/email-change/confirm/",
    "/oauth/authorize/",
    "/oauth/token/",
    "/oauth/revoke/",
    "/oauth/introspect/",
    "/oauth/clients/",
    "/oauth/clients/{oauth_client}/secret/",
    "/users/me/tokens/",
    "/webhooks/",
    "/webhooks/{webhook}/secret/",
    "/uploads/",
    "/uploads/{upload_X}/content/?token=token",
    *contributed("WITHOUT_DRY_RUN"),
}
WRITES = [row for row in MATRIX if row.method != "GET"]
ALLOWED = [row for row in WRITES if min(row.statuses) < 400 and row.path not in REFUSED]
SECRET = re.compile(r'"[a-z_]*(secret|token|password)":')
UNIQUE = re.compile(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT[\d:.]+Z|([2-9A-Z]{4}-){4}[2-9A-Z]{4}|[0-9a-f]{64}"
    r'|(?<="etag":")[0-9a-f]{24}'
)
PREFER = {"Prefer": "respond-async, dry-run"}


def actor_of(row: Row) -> str:
    return next(letter for letter, status in zip(ACTORS, row.statuses, strict=True) if status < 400)


def alike(text: str) -> str:
    """A JSON text without what differs from one time to the next."""
    return UNIQUE.sub("~", text)


def stored_files(world: Any) -> set[Any]:
    """And uploads that wait."""
    return {path for path in world.client.registry["files"].folder.rglob("*") if path.is_file()}


def names(connection: sa.Connection, column: Any) -> Counter[str]:
    return Counter(connection.scalars(sa.select(column)))


@pytest.mark.parametrize("row", ALLOWED, ids=lambda row: f"{row.method} {row.path}")
def test_a_dry_run_leaves_nothing_and_foretells_what_the_write_does(row: Row, stage: Any) -> None:
    world, connection = stage
    world.restore_files()
    letter, files = actor_of(row), stored_files(world)
    before, jobs, events = (
        hash_of_rows(connection),
        names(connection, OutboxJob.name),
        names(connection, DomainEvent.type),
    )
    with counted_statements(world.client.registry) as statements:
        told = send(world, row, letter, PREFER)
    assert hash_of_rows(connection) == before
    assert stored_files(world) == files
    assert told.status_int == 200 and told.headers["Preference-Applied"] == "dry-run"
    assert not {"Location", "ETag", "Set-Cookie"} & set(told.headers)
    assert not SECRET.search(told.text)
    foretold = DryRun().deserialize(told.json)
    cell = connection.begin_nested()
    with counted_statements(world.client.registry) as real_statements:
        done = send(world, row, letter)
    enqueued, happened = names(connection, OutboxJob.name) - jobs, names(connection, DomainEvent.type) - events
    cell.rollback()
    assert (foretold["status"], "Preference-Applied" in done.headers) == (done.status_int, False)
    assert f'"resource":{alike(done.text or "null")},"event_count"' in alike(told.text)
    assert Counter(foretold["jobs"]) == enqueued
    assert Counter(event["type"] for event in foretold["events"]) == happened
    assert foretold["event_count"] == happened.total() <= MAX_EVENTS
    more = len(statements) - len(real_statements)
    assert more <= DRY_RUN, "\n\n".join(statements)


@pytest.mark.parametrize("path", sorted(REFUSED))
def test_what_deals_in_secrets_has_no_dry_run_and_does_nothing(path: str, stage: Any) -> None:
    world, connection = stage
    before = hash_of_rows(connection)
    for row in (row for row in WRITES if row.path == path):
        for letter, status in zip(ACTORS, row.statuses, strict=True):
            answer = send(world, row, letter, PREFER)
            is_stranger = status in (401, 403, 404) and answer.status_int == status
            assert is_stranger or (answer.status_int, answer.json["code"]) == (422, "dry_run_unsupported")
    assert hash_of_rows(connection) == before


@pytest.mark.parametrize("row", WRITES, ids=lambda row: f"{row.method} {row.path}")
def test_a_dry_run_is_refused_to_whom_the_write_is_refused(row: Row, stage: Any) -> None:
    if row.path in REFUSED:
        return
    world, connection = stage
    before = hash_of_rows(connection)
    refused = {letter: status for letter, status in zip(ACTORS, row.statuses, strict=True) if status >= 400}
    assert {letter: send(world, row, letter, PREFER).status_int for letter in refused} == refused
    assert hash_of_rows(connection) == before
