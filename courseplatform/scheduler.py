"""``courseplatform scheduler INI``: pushes undone jobs to the queue and enqueues the periodic ones.

Of several schedulers one works at a time: it holds an advisory lock of PostgreSQL, in a transaction that the server
ends if nothing is heard of it. Should two ever work at once, the jobs' effects are still there once.
"""

import logging
import signal
import threading
from typing import Any

import click
from pyramid.config import Configurator
from pyramid.registry import Registry
from redis.exceptions import RedisError
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from .jobs.periodic import enqueue_periodic
from .jobs.queue import CHUNK, relay
from .locks import lock_number
from .worker import beat, require_queue

log = logging.getLogger(__name__)

TICK_S = 1.0
TURN_LOCK = lock_number("courseplatform.scheduler")


class Scheduler:
    """Works or stands by, tick by tick, until ``is_stopping`` is set."""

    def __init__(self, registry: Registry) -> None:
        self.registry, self.is_stopping = registry, threading.Event()

    def run(self) -> None:
        log.info("the scheduler runs, and works while no other does")
        while not self.is_stopping.is_set():
            try:
                self.tick()
                beat(self.registry)
            except SQLAlchemyError as error:
                log.error("the scheduler waits for the database: %s", type(error).__name__)
            except RedisError as error:
                log.error("the scheduler waits for Redis: %s", type(error).__name__)
            except Exception:  # one bad tick must not end all that would follow
                log.exception("the scheduler failed")
            self.is_stopping.wait(TICK_S)

    def tick(self) -> None:
        """Raises: SQLAlchemyError, RedisError."""
        with self.registry["db.engine"].begin() as connection:
            if self.has_turn(connection):
                enqueue_periodic(self.registry)
                while relay(self.registry) == CHUNK and self.has_turn(connection):
                    pass

    def has_turn(self, connection: Connection) -> bool:
        """Whether this scheduler works now: the first that asks, and it again, which also shows that it lives."""
        got = connection.scalar(text(f"SELECT pg_try_advisory_xact_lock({TURN_LOCK})"))
        return bool(got) and not self.is_stopping.is_set()


@click.command()
@click.argument("ini", type=click.Path(exists=True, dir_okay=False))
@click.pass_context
def scheduler(context: click.Context, ini: str) -> None:
    """Give undone and periodic jobs to the workers. Run two for safety: one works at a time."""
    registry = context.find_root().obj.registry
    require_queue(registry)
    made = Scheduler(registry)

    def stop(*_: Any) -> None:
        made.is_stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    made.run()


def includeme(config: Configurator) -> None:
    config.add_command("courseplatform.scheduler.scheduler")
