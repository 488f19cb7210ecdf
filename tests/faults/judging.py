"""The ledger of what was told, against what is there."""

import time
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from hashlib import sha256
from typing import Any

from courseplatform.db import script_request
from courseplatform.files import sweeping
from tests.faults.stage import Stage
from tests.faults.writers import Ledger

#: Promised: a job's effect is there two minutes after a worker is. Many jobs take longer, one after the other.
SETTLE_S = 120
LOOK_EVERY_S = 0.25
WORKS = "SELECT text, id::text, grade, file_key, file_sha256 FROM submissions WHERE text LIKE %s"
ENROLLED = (
    "SELECT u.id::text, u.id::text FROM enrollments e JOIN users u ON u.id = e.student_id WHERE u.username LIKE %s"
)
NOTIFIED = "SELECT subject->>'id', subject->>'id' FROM notifications WHERE kind = 'graded' AND subject->>'id' = ANY(%s)"
LOGGED = (
    "SELECT data->>'submission_id', data->>'submission_id' FROM domain_events"
    " WHERE type = 'submission.graded' AND data->>'submission_id' = ANY(%s)"
)
UNDONE = "SELECT count(*) FROM outbox WHERE done_at IS NULL AND dead_at IS NULL AND (due_at <= now() OR attempts > 0)"


WAYS = ("lost", "doubled", "phantom", "orphaned", "undone")


class Findings(Counter[tuple[str, str]]):
    """How often something of which kind was found in one of the ``WAYS`` in which it must not be.

    ``undone`` are jobs that were not done in time, and events that did not reach the webhook.
    """

    def of(self, way: str) -> int:
        return sum(count for (found, _), count in self.items() if found == way)

    def words(self) -> dict[str, int]:
        return {f"{way}: {kind}": count for (way, kind), count in self.items() if count}


def judge(stage: Stage, ledger: Ledger, settle_s: float) -> Findings:
    """Wait until all jobs are done, then count what is not as it was told."""
    findings = Findings()
    wait_for_jobs(stage, findings, settle_s)
    told, like = ledger.told, f"{ledger.name}-%"
    works = stage.execute(
        "SELECT text, id::text, grade, file_key, file_sha256 FROM submissions WHERE text LIKE %s", like
    )
    graded = {work: work for work in told["grade"]}
    for kind, expected, rows in (
        ("user", told["user"], stage.execute("SELECT username, id::text FROM users WHERE username LIKE %s", like)),
        ("enrollment", told["enrollment"], stage.execute(ENROLLED, like)),
        ("submission", told["submission"], [(row[0], row[1]) for row in works]),
        ("comment", told["comment"], stage.execute("SELECT text, id::text FROM comments WHERE text LIKE %s", like)),
        ("grade", told["grade"], [(row[1], row[2]) for row in works if row[2] is not None]),
        ("notification of a grade", graded, stage.execute(NOTIFIED, [*graded])),
        ("event of a grade", graded, stage.execute(LOGGED, [*graded])),
    ):
        compare(findings, kind, expected, rows)
    judge_files(stage, ledger, findings, works)
    return findings


def wait_for_jobs(stage: Stage, findings: Findings, settle_s: float) -> None:
    """Until all jobs are done and all events delivered; given up when none has been for so long."""

    def left() -> dict[str, int]:
        ((jobs,),) = stage.execute(UNDONE)
        events = stage.execute("SELECT id::text FROM domain_events WHERE course_id IS NOT NULL")
        return {"job": jobs, "delivery": sum(stage.receiver.received[event] == 0 for (event,) in events)}

    before, since = left(), time.monotonic()
    while any(before.values()) and time.monotonic() - since < settle_s:
        time.sleep(LOOK_EVERY_S)
        now = left()
        if any(now[kind] < before[kind] for kind in now):
            since = time.monotonic()
        before = now
    for kind, count in before.items():
        findings["undone", kind] += count


def compare(findings: Findings, kind: str, told: dict[str, Any], rows: Iterable[tuple[Any, ...]]) -> None:
    """``told``: mark → what was told; ``rows``: (mark, what is there)."""
    found: dict[str, list[Any]] = {}
    for mark, what in rows:
        found.setdefault(mark, []).append(what)
    findings["lost", kind] += sum(what not in found.get(mark, ()) for mark, what in told.items())
    findings["doubled", kind] += sum(len(all_of_it) - 1 for all_of_it in found.values())
    findings["phantom", kind] += sum(mark not in told for mark in found)


def judge_files(stage: Stage, ledger: Ledger, findings: Findings, works: list[tuple[Any, ...]]) -> None:
    """Each file that was acknowledged is there, byte by byte; what nothing names goes in the sweep, a day later."""
    storage = stage.registry["files"]
    kept = {work: (key, digest) for _, work, _, key, digest in works if key is not None}
    for work, digest in ledger.told["file"].items():
        key, named = kept.get(work, (None, None))
        is_there = key is not None and storage.path(key).exists()
        if not is_there or not named == digest == sha256(storage.path(key).read_bytes()).hexdigest():
            findings["lost", "file"] += 1
    clock = stage.registry["clock"]
    stage.registry["clock"] = lambda: clock() + sweeping.ORPHAN_AGE + timedelta(minutes=1)
    try:
        with script_request(stage.registry) as request:
            sweeping.sweep_files(request)
    finally:
        stage.registry["clock"] = clock
    (names,) = stage.execute(
        "SELECT array_agg(key::text) FROM (SELECT file_key AS key FROM submissions WHERE file_key IS NOT NULL"
        " UNION SELECT file_key FROM certificate_pdfs) AS named"
    )[0]
    there = {path.name for path in (stage.files / "files").rglob("*") if path.is_file()}
    findings["orphaned", "file"] += len(there - set(names or ()))
