"""The ledger of what was told, against what is there."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any

from courseplatform.db import script_request
from courseplatform.files import sweeping
from tests.faults.stage import Stage
from tests.faults.writers import Ledger

SETTLE_S = 120
UNDONE = "SELECT count(*) FROM outbox WHERE done_at IS NULL AND dead_at IS NULL AND (due_at <= now() OR attempts > 0)"


@dataclass
class Findings:
    lost: int = 0
    doubled: int = 0
    phantom: int = 0
    orphaned: int = 0
    #: Jobs that were not done, and events that did not reach the webhook, in time.
    undone: int = 0

    @property
    def total(self) -> int:
        return self.lost + self.doubled + self.phantom + self.orphaned + self.undone


def judge(stage: Stage, ledger: Ledger, settle_s: float) -> Findings:
    """Wait until all jobs are done, then count what is not as it was told."""
    findings = Findings(undone=undone_after(stage, ledger, settle_s))
    told, like = ledger.told, f"{ledger.name}-%"
    users = stage.execute("SELECT username, id::text FROM users WHERE username LIKE %s", like)
    works = stage.execute("SELECT text, id::text, grade, file_key, file_sha256 FROM submissions WHERE text LIKE %s", like)
    comments = stage.execute("SELECT text, id::text FROM comments WHERE text LIKE %s", like)
    enrolled = stage.execute(
        "SELECT u.id::text, u.id::text FROM enrollments e JOIN users u ON u.id = e.student_id WHERE u.username LIKE %s",
        like,
    )
    compare(findings, told["user"], users)
    compare(findings, told["enrollment"], enrolled)
    compare(findings, told["submission"], [(row[0], row[1]) for row in works])
    compare(findings, told["comment"], comments)
    grades = {row[1]: row[2] for row in works if row[2] is not None}
    findings.lost += sum(grades.get(work) != points for work, points in told["grade"].items())
    findings.phantom += len(grades.keys() - told["grade"].keys())
    for table, where in (
        ("notifications", "kind = 'graded' AND subject->>'id' = ANY(%s)"),
        ("domain_events", "type = 'submission.graded' AND data->>'submission_id' = ANY(%s)"),
    ):
        key = where.partition(" = ANY")[0].rpartition(" ")[2]
        found = stage.execute(f"SELECT {key}, {key} FROM {table} WHERE {where}", [*told["grade"]])
        compare(findings, {work: work for work in told["grade"]}, found)
    judge_files(stage, ledger, findings, works)
    return findings


def undone_after(stage: Stage, ledger: Ledger, settle_s: float) -> int:
    """How many jobs and deliveries are not done after so long; what is awaited of them is everything."""
    def undone() -> int:
        (count,) = stage.execute(UNDONE)[0]
        return int(count)

    def undelivered() -> int:
        events = stage.execute("SELECT id::text FROM domain_events WHERE course_id IS NOT NULL")
        return sum(stage.receiver.received[event] == 0 for (event,) in events)

    try:
        stage.wait_until(lambda: not undone() and not undelivered(), settle_s, "all jobs are done")
    except AssertionError:
        return undone() + undelivered()
    return 0


def compare(findings: Findings, told: dict[str, Any], rows: Iterable[tuple[Any, ...]]) -> None:
    """``told``: mark → id; ``rows``: (mark, id) as they are."""
    found: dict[str, list[str]] = {}
    for mark, row_id in rows:
        found.setdefault(mark, []).append(row_id)
    findings.lost += sum(row_id not in found.get(mark, ()) for mark, row_id in told.items())
    findings.doubled += sum(len(ids) - 1 for ids in found.values())
    findings.phantom += sum(mark not in told for mark in found)


def judge_files(stage: Stage, ledger: Ledger, findings: Findings, works: list[tuple[Any, ...]]) -> None:
    """Each file that was acknowledged is there, byte by byte; what nothing names goes in the sweep, a day later."""
    storage = stage.registry["files"]
    kept = {work: (key, digest) for _, work, _, key, digest in works if key is not None}
    for work, digest in ledger.told["file"].items():
        key, named = kept.get(work, (None, None))
        is_there = key is not None and storage.path(key).exists()
        if not is_there or not named == digest == sha256(storage.path(key).read_bytes()).hexdigest():
            findings.lost += 1
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
    findings.orphaned += len(there - set(names or ()))
