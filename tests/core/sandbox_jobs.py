"""Jobs of the sandbox. They note what they were called with in ``CALLS``."""

import threading
import time
from datetime import datetime
from typing import Any
from uuid import UUID

from courseplatform.api import Request
from courseplatform.jobs import PeriodicRun

CALLS: list[Any] = []
_lock = threading.Lock()


def write_row(request: Request, *, name: str, pause_s: int = 0) -> None:
    """Insert a row; a second run of the same job would violate its key."""
    with _lock:
        CALLS.append(name)
    request.db.add(PeriodicRun(name=name, last_run_at=request.now))
    request.db.flush()
    time.sleep(pause_s)


def fail(request: Request, *, name: str) -> None:
    request.db.add(PeriodicRun(name=name, last_run_at=request.now))
    request.db.flush()
    raise ZeroDivisionError("with a secret in its message")


def leave(request: Request, *, name: str) -> None:
    """What a library does that believes to be a command."""
    request.db.add(PeriodicRun(name=name, last_run_at=request.now))
    request.db.flush()
    raise SystemExit(1)


def take(request: Request, *, user_id: UUID | None, sent_at: datetime, count: int, is_last: bool) -> None:
    CALLS.append((user_id, sent_at, count, is_last))


def tick(request: Request) -> None:
    CALLS.append("tick")


def write_to(request: Request, *, to: str, subject: str) -> None:
    """Send a mail."""
    request.send_mail(to=to, subject=subject, text="Привет\n")


def _private(request: Request) -> None:
    """Never registered."""
