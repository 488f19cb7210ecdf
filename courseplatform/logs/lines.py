"""A record as a line that people read: for development."""

import logging

from .context import known
from .ecs import split_extra
from .text import plain


class LineFormatter(logging.Formatter):
    """Python's own, with the labels, the request and the job after the message. Nothing in a message ends the line."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - its name in the library
        extra, labels = split_extra(record)
        told = {**labels, **extra.get("courseplatform.audit", {})}
        for name, field in (("user", "user.id"), ("request", "http.request.id"), ("job", "courseplatform.job.name")):
            told[name] = extra.get(field) or known().get(field)
        words = [f"{name}={value}" for name, value in told.items() if value is not None]
        return plain(" ".join([super().formatMessage(record), *words]))
