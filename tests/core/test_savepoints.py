"""Parts of a request that are taken back while the rest goes on: they leave nothing."""

from typing import Any

import pytest
from sqlalchemy import select

from courseplatform.jobs import OutboxJob, PeriodicRun
from courseplatform.testing import Client
from tests.factories.audit import audit_lines

from . import sandbox_jobs


class Recording:
    """Stands for the queue in Redis: what was handed over."""

    def __init__(self) -> None:
        self.offered: list[tuple[Any, str]] = []

    def offer(self, jobs: Any) -> None:
        self.offered += jobs


def write(request: Any, name: str) -> None:
    request.db.add(PeriodicRun(name=name, last_run_at=request.now))
    request.enqueue(sandbox_jobs.write_row, name=name)
    request.audit("sandbox.written", note=name)


def test_what_is_taken_back_leaves_no_row_no_job_and_no_line_of_the_audit(
    committing_client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    registry = committing_client.registry
    before, registry["jobs.queue"] = registry["jobs.queue"], (queue := Recording())
    lines = audit_lines(caplog)
    try:
        with committing_client.script() as request:
            write(request, "first")
            with pytest.raises(ZeroDivisionError), request.savepoint():
                write(request, "second")
                with request.savepoint():
                    write(request, "inner")
                raise ZeroDivisionError
            with request.savepoint():
                write(request, "third")
    finally:
        registry["jobs.queue"] = before
    with committing_client.script() as request:
        assert set(request.db.scalars(select(PeriodicRun.name))) == {"first", "third"}
        jobs = {job.id: job.arguments["name"] for job in request.db.scalars(select(OutboxJob))}
    assert sorted(jobs.values()) == ["first", "third"]
    assert {job_id for job_id, _ in queue.offered} == set(jobs)
    assert [line["note"] for line in lines()] == ["first", "third"]


def test_a_file_whose_deletion_was_taken_back_is_still_there(committing_client: Client, files_folder: Any) -> None:
    from io import BytesIO

    with committing_client.script() as request:
        kept, gone = (request.save_file(BytesIO(b"x"), 10) for _ in range(2))
    with committing_client.script() as request:
        with pytest.raises(ZeroDivisionError), request.savepoint():
            request.delete_file(kept.key)
            raise ZeroDivisionError
        request.delete_file(gone.key)
    storage = committing_client.registry["files"]
    assert storage.path(kept.key).exists()
    assert not storage.path(gone.key).exists()
    storage.delete(kept.key)


def test_nothing_that_was_promised_is_kept_where_the_whole_is_rolled_back(committing_client: Client) -> None:
    wake = committing_client.registry["jobs.wake"]
    wake.clear()
    with pytest.raises(ZeroDivisionError), committing_client.script() as request:
        with request.savepoint():
            write(request, "never")
        raise ZeroDivisionError
    assert not wake.is_set()
