"""E9: a lesson is published to everybody. How long its teacher waits, and how long until everyone has been told."""

import time
from dataclasses import dataclass

import requests

from .asking import Callers
from .postgres import Server
from .systems import System
from .world import World

TOLD_WITHIN_S = 300
POLL_S = 0.2
TOLD = "SELECT count(*) FROM notifications WHERE kind = 'lesson_published' AND subject ->> 'id' = %s"
#: What was put off while other things were measured, with no worker running, is not this one's affair.
FORGET = (
    "DO $$ BEGIN IF to_regclass('outbox') IS NOT NULL THEN DELETE FROM outbox WHERE done_at IS NULL; END IF; END $$"
)


@dataclass(frozen=True)
class Publication:
    """``cpu_s``: of PostgreSQL, which does most of it."""

    answered_ms: float
    told_s: float
    cpu_s: float


def publish(system: System, server: Server, world: World, callers: Callers, number: int) -> Publication:
    """The ``number``-th draft. Raises: AssertionError if not everybody is told."""
    lesson_id, teacher = world.draft_lesson_ids[number], world.deep.username
    path = f"/api/courses/{world.deep.course_id}/lessons/{lesson_id}/"
    callers.sign_in([teacher])
    headers = {"Authorization": f"Bearer {callers.tokens[teacher]}"}
    server.ask(FORGET, url=system.database_url)
    with system.working():
        before, began = server.cpu_s, time.monotonic()
        answer = requests.patch(system.url + path, json={"is_published": True}, headers=headers, timeout=60)
        answered = time.monotonic()
        answer.raise_for_status()
        while (told := server.ask(TOLD, lesson_id, url=system.database_url)[0][0]) < world.shape.students:
            assert time.monotonic() < began + TOLD_WITHIN_S, f"{system.name} has told {told}"
            time.sleep(POLL_S)
        done = time.monotonic()
        assert told == world.shape.students, f"{system.name} has told {told}"
        cpu_s = server.cpu_s - before
    return Publication((answered - began) * 1e3, done - began, cpu_s)
