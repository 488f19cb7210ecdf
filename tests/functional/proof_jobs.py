"""Jobs whose effects can be counted: each inserts a row, and no constraint hides that one ran twice."""

import os
import signal
from pathlib import Path

from sqlalchemy import text

from courseplatform.api import Request
from tests.functional.proof import pause


def leave_effect(request: Request, *, name: str) -> None:
    pause("running")
    request.db.execute(text("INSERT INTO proof_effects (name) VALUES (:name)"), {"name": name})
    pause("effected")


def leave_late_effect(request: Request, *, name: str) -> None:
    """The same, in bulk."""
    leave_effect(request, name=name)


def fail(request: Request, *, name: str) -> None:
    leave_effect(request, name=name)
    raise ZeroDivisionError


def die(request: Request, *, name: str) -> None:
    leave_effect(request, name=name)
    os.kill(os.getpid(), signal.SIGKILL)


def run_for_ever(request: Request, *, name: str) -> None:
    leave_effect(request, name=name)
    while True:
        pass


def eat_memory(request: Request, *, name: str) -> None:
    leave_effect(request, name=name)
    eaten = []
    while True:
        eaten.append(bytearray(16 * 1024 * 1024))


def tick(request: Request) -> None:
    leave_effect(request, name="tick")


def break_in(*arguments: object) -> None:
    """A callback that others put into Redis."""
    (Path(os.environ["PROOF_FOLDER"]) / "broken-in").touch()
