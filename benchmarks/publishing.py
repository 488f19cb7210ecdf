"""E9: a lesson is published to everybody. How long its teacher waits, and how long until everyone has been told."""

import time
from dataclasses import dataclass

import requests

from .asking import Callers
from .postgres import Server
from .processor import seconds_of
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
    """The last two are seconds of a processor; workers count to the system."""

    answered_ms: float
    told_s: float
    system_s: float
    postgres_s: float


def publish(system: System, server: Server, world: World, callers: Callers, number: int) -> Publication:
    """The ``number``-th draft. Raises: AssertionError if not everybody is told."""
    lesson_id, teacher = world.draft_lesson_ids[number], world.deep.username
    path = f"/api/courses/{world.deep.course_id}/lessons/{lesson_id}/"
    callers.sign_in([teacher])
    headers = {"Authorization": f"Bearer {callers.tokens[teacher]}"}
    server.ask(FORGET, url=system.database_url)
    with system.working() as workers:

        def spent() -> tuple[float, float]:
            return seconds_of(system.process_id, *workers), server.cpu_s

        before, began = spent(), time.monotonic()
        answer = requests.patch(system.url + path, json={"is_published": True}, headers=headers, timeout=60)
        answered = time.monotonic()
        answer.raise_for_status()
        while (told := server.ask(TOLD, lesson_id, url=system.database_url)[0][0]) < world.shape.students:
            assert time.monotonic() < began + TOLD_WITHIN_S, f"{system.name} has told {told}"
            time.sleep(POLL_S)
        done = time.monotonic()
        assert told == world.shape.students, f"{system.name} has told {told}"
        cost = [end - begin for end, begin in zip(spent(), before, strict=True)]
    return Publication((answered - began) * 1e3, done - began, *cost)
