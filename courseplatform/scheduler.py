"""``courseplatform scheduler INI``: pushes undone jobs to the queue and enqueues the periodic ones.

Of several schedulers one leads: it holds an advisory lock of PostgreSQL on a connection of its own, which the server
ends if nothing is heard of it. Should two ever lead at once, the jobs' effects are still there once.
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
from .worker import beat, require_queue

log = logging.getLogger(__name__)

TICK_S = 1.0
#: A leader that is not heard of for so long has lost the lock.
LEADER_SILENCE_S = 10
#: An arbitrary number; the migrations' lock is another.
LEADER_LOCK = 7_206_412


class Scheduler:
    """Leads or stands by, tick by tick, until ``is_stopping`` is set."""

    def __init__(self, registry: Registry) -> None:
        self.registry, self.is_stopping = registry, threading.Event()
        self.connection: Connection | None = None
        self.is_leader = False

    def run(self) -> None:
        while not self.is_stopping.is_set():
            try:
                if self.leads():
                    self.tick()
                beat(self.registry)
            except SQLAlchemyError as error:
                self.resign()
                log.error("the scheduler waits for the database: %s", type(error).__name__)
            except RedisError as error:
                log.error("the scheduler waits for Redis: %s", type(error).__name__)
            except Exception:  # one bad tick must not end all that would follow
                log.exception("the scheduler failed")
            self.is_stopping.wait(TICK_S)
        self.resign()

    def tick(self) -> None:
        """Raises: SQLAlchemyError, RedisError."""
        enqueue_periodic(self.registry)
        while relay(self.registry) == CHUNK and not self.is_stopping.is_set():
            pass

    def leads(self) -> bool:
        """Whether this is the leader, now. Raises: SQLAlchemyError if the connection that says so is gone."""
        if self.connection is None:
            self.connection = self.registry["db.engine"].connect().execution_options(isolation_level="AUTOCOMMIT")
            self.connection.detach()  # its settings are not for the pool's next user
            self.connection.execute(text(f"SET idle_session_timeout = {LEADER_SILENCE_S * 1000}"))
        # Whoever has the lock is given it again.
        is_leader = bool(self.connection.scalar(text(f"SELECT pg_try_advisory_lock({LEADER_LOCK})")))
        if is_leader and not self.is_leader:
            log.info("this scheduler leads")
        self.is_leader = is_leader
        return is_leader

    def resign(self) -> None:
        if self.connection is not None:
            self.connection.close()
        self.connection, self.is_leader = None, False


@click.command()
@click.argument("ini", type=click.Path(exists=True, dir_okay=False))
@click.pass_context
def scheduler(context: click.Context, ini: str) -> None:
    """Give undone and periodic jobs to the workers. Run two for safety: one leads, the other takes over."""
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
