"""The runner inside the serving process: for development, and for platforms without Redis."""

import logging
import threading

from pyramid.registry import Registry
from sqlalchemy.exc import SQLAlchemyError

from .periodic import enqueue_periodic
from .running import run_next

log = logging.getLogger(__name__)

IDLE_WAIT_S = 2.0
STOP_WAIT_S = 25


class Runner(threading.Thread):
    """Runs jobs, woken by commits. A job that hangs can't be ended here: that takes a worker."""

    def __init__(self, registry: Registry) -> None:
        super().__init__(name="courseplatform-jobs", daemon=True)
        self.registry, self.is_stopping = registry, threading.Event()

    def run(self) -> None:
        wake = self.registry["jobs.wake"]
        while not self.is_stopping.is_set():
            wake.clear()
            try:
                enqueue_periodic(self.registry)
                while not self.is_stopping.is_set() and run_next(self.registry):
                    pass
            except SQLAlchemyError as error:  # the database is away: the jobs are safe there, try again
                log.error("jobs wait for the database: %s", type(error).__name__)
            except Exception:  # the thread must outlive whatever it is: nobody would start it again
                log.exception("jobs could not be run")
            wake.wait(IDLE_WAIT_S)

    def stop(self) -> None:
        """Finish the job at hand, then end."""
        self.is_stopping.set()
        self.registry["jobs.wake"].set()
        self.join(timeout=STOP_WAIT_S)
