"""What is said of the pool of connections to the database."""

from typing import Any

from prometheus_client import Gauge
from pyramid.config import Configurator
from pyramid.registry import Registry
from sqlalchemy import event

IN_USE = "courseplatform.is_in_use"


def watch_pool(registry: Registry) -> None:
    """Count connections as they are opened, taken, given back and closed. Exact over processes, as ``livesum``."""
    kw: Any = {"registry": registry["counters"].registry, "multiprocess_mode": "livesum"}
    prefix, settings, engine = "courseplatform_database_connections", registry.settings, registry["db.engine"]
    opened = Gauge(f"{prefix}_open", "Connections that the pools have.", **kw)
    in_use = Gauge(f"{prefix}_in_use", "Of those the ones at work.", **kw)
    kept = Gauge(f"{prefix}_kept", "So many the pools keep open; what is open beyond is overflow.", **kw)
    limit = Gauge(f"{prefix}_limit", "So many the pools may open; who needs one more waits.", **kw)

    def connect(connection: Any, record: Any) -> None:
        opened.inc()
        kept.set(settings["database.pool_size"])
        limit.set(settings["database.pool_size"] + settings["database.pool_overflow"])

    def checkout(connection: Any, record: Any, proxy: Any) -> None:
        record.record_info[IN_USE] = True
        in_use.inc()

    def checkin(connection: Any, record: Any) -> None:
        if record.record_info.pop(IN_USE, False):  # else it is one that could not be opened
            in_use.dec()

    event.listen(engine, "connect", connect)
    event.listen(engine, "checkout", checkout)
    event.listen(engine, "checkin", checkin)
    event.listen(engine, "close", lambda connection, record: opened.dec())


def includeme(config: Configurator) -> None:
    config.action("pool metrics", lambda: watch_pool(config.registry))
