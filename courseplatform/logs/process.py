"""What Python itself would print: warnings, and errors that end a process or a thread. It goes to the log instead."""

import logging
import sys
import threading
from types import TracebackType
from typing import NoReturn

from .ecs import EcsFormatter

log = logging.getLogger(__name__)


def start_logging(ini: str) -> None:
    """Log as an ini file says."""
    from pyramid.paster import setup_logging

    setup_logging(ini)
    take_over()


def take_over() -> None:
    logging.captureWarnings(True)
    sys.excepthook = log_end
    threading.excepthook = log_end_of_thread


def is_json() -> bool:
    """Whether machines read what this process writes: then it greets nobody."""
    return any(isinstance(handler.formatter, EcsFormatter) for handler in logging.getLogger().handlers)


def refuse_to_start(why: str) -> NoReturn:
    """Raises: SystemExit that says why, be it to people or, where nobody looks, in a line of the log."""
    if is_json() and not sys.stderr.isatty():
        log.critical(why)
        raise SystemExit(1)
    raise SystemExit(why)


def log_end(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
    else:
        log.critical("the process ends: %s", kind.__name__, exc_info=(kind, error, trace))


def log_end_of_thread(ended: threading.ExceptHookArgs) -> None:
    if ended.exc_value is not None and not issubclass(ended.exc_type, SystemExit):
        name = ended.thread.name if ended.thread is not None else "unknown"
        log.critical("a thread ends: %s", name, exc_info=(ended.exc_type, ended.exc_value, ended.exc_traceback))
