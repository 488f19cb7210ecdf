"""A read replica: tables that are sent as CSV are read there, if ``database.replica_url`` names one.

A report is never older than the question: the replica must have all that was committed when it was asked, and gets a
moment to catch up. One that lags, fails or is gone costs nothing but time: the primary is read instead.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pyramid.config import PHASE0_CONFIG, Configurator
from pyramid.registry import Registry
from pyramid.request import Request
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from .db import postgresql_url, reading_request
from .engines import make_engine
from .pausing import Pausing
from .sessions import session_maker
from .settings import password_faults

log = logging.getLogger(__name__)

#: How long the replica may take to catch up with the question.
CATCH_UP_S = 1.0
LOOK_EVERY_S = 0.05

#: What a replica may fail with: it is away, or its server had to cancel what stood in the way of news from the primary.
Failures = (DBAPIError, PoolTimeout)


class Lagging(Exception):
    """The replica does not have what was committed when it was asked."""


class Replica(Pausing):
    """One that failed or lags is left alone for a while."""

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self.engine, self.session = engine, session_maker(engine)

    def wait_for(self, position: str) -> None:
        """Until it has all up to this place in the primary's log. Raises: Lagging; DBAPIError."""
        has_all = text("SELECT pg_last_wal_replay_lsn() >= CAST(:position AS pg_lsn)")
        until = time.monotonic() + CATCH_UP_S
        with self.session(True) as session:
            while not session.scalar(has_all, {"position": position}):
                if time.monotonic() > until:
                    raise Lagging()
                time.sleep(LOOK_EVERY_S)

    def give_up(self, error: Exception) -> None:
        self.has_failed()
        log.warning("reports are read from the primary: %s", type(error).__name__)


class Reader:
    """Reads one report, part by part: from the replica while that is well, else from the primary, to the end."""

    def __init__(self, registry: Registry) -> None:
        self.registry, self.replica = registry, found(registry)

    def read(self, read: Any, *arguments: Any) -> Any:
        """``read(request, *arguments)``, again from the primary if the replica fails."""
        if self.replica is not None:
            try:
                with replica_request(self.registry, self.replica) as request:
                    return read(request, *arguments)
            except Failures as error:
                self.replica.give_up(error)
                self.replica = None
        with reading_request(self.registry) as request:
            return read(request, *arguments)


@contextmanager
def replica_request(registry: Registry, replica: Replica) -> Iterator[Request]:
    """A request that reads from the replica, and gives its connection back at the end."""
    with reading_request(registry) as request, replica.session(True) as session:
        request.db = session
        yield request


def found(registry: Registry) -> Replica | None:
    """The replica, if there is one that has all that is committed now."""
    replica: Replica | None = registry["db.replica"]
    if replica is None or not replica.may_ask():
        return None
    with reading_request(registry) as request:
        position = request.db.scalar(text("SELECT pg_current_wal_insert_lsn()::text"))
    try:
        replica.wait_for(position)
    except (Lagging, *Failures) as error:
        replica.give_up(error)
        return None
    if replica.has_answered():
        log.warning("reports are read from the replica again")
    return replica


def includeme(config: Configurator) -> None:
    config.add_setting("database.replica_url", postgresql_url, env="DATABASE_REPLICA_URL")
    config.add_settings_check(lambda settings: password_faults(settings, "database.replica_url"))
    config.registry["db.replica"] = None

    def connect() -> None:
        settings = config.registry.settings
        if settings["database.replica_url"] is not None:
            # Whatever lies between: as if it were pooled.
            engine = make_engine(settings, settings["database.replica_url"], is_pooled=True)
            config.registry["db.replica"] = Replica(engine)

    config.action("replica", connect, order=PHASE0_CONFIG)
