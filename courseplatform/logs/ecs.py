"""A record as one line of JSON in the Elastic Common Schema, as Filebeat takes it.

The fields are flat (``"http.request.id": …``), as those of nginx' access log are. Text of others stands escaped in
them, and no line is longer than Docker keeps in one piece. An error's message may repeat what a client sent, or what a
statement was given: it is left out, and its type and stack trace are there.
"""

import json
import logging
import socket
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from math import isfinite
from pathlib import Path
from traceback import format_tb
from typing import Any

import orjson
from ecs_logging import StdlibFormatter

from .context import known
from .text import SECRET_NAMES, cut, cut_front, plain

ECS_VERSION = "8.11.0"
#: Docker writes longer ones in pieces of 16 KiB.
MAX_LINE_BYTES = 16_000
#: Of the fields that are shortened further in a line that is too long; those inside of others are, too.
MAX_CHARS = {
    "message": 4_096, "error.message": 1_024, "error.stack_trace": 8_192, "url.path": 1_024, "user_agent.original": 512,
}  # fmt: skip
MAX_WORD_CHARS = 256
#: Larger ones are written as text.
MAX_INT = 2**63 - 1
MAX_LABELS = 32
#: Of an error's causes; they may even go round in a circle.
MAX_CAUSES = 10

#: What ``extra`` may name beside labels. ``deploy/elk/index-template.json`` says of what type each is.
OWN_FIELDS = frozenset({
    "client.address", "client.ip",
    "courseplatform.audit", "courseplatform.job.attempt", "courseplatform.job.id", "courseplatform.job.name",
    "courseplatform.plugin", "courseplatform.route", "courseplatform.sql.seconds", "courseplatform.sql.statements",
    "event.action", "event.dataset", "event.duration", "event.kind", "event.outcome",
    "http.request.id", "http.request.method", "http.response.body.bytes", "http.response.status_code",
    "url.path", "user.id", "user.target.id", "user_agent.original",
})  # fmt: skip
FIRST = ("@timestamp", "log.level", "message")
LEFT_OUT = "(left out)"
NO_RECORD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class EcsFormatter(StdlibFormatter):
    """``[formatter_…] class = courseplatform.logs.EcsFormatter``"""

    tells_error_messages = False

    def __init__(self, fmt: str | None = None, datefmt: str | None = None, style: Any = "%") -> None:
        super().__init__(exclude_fields=("log.original", "log.origin", "process.name", "process.thread"))
        told = {
            "ecs.version": ECS_VERSION,
            "service.name": "courseplatform",
            "service.version": version("courseplatform"),
            "service.node.name": socket.gethostname(),
            "service.node.role": role(sys.argv),
            "event.dataset": "courseplatform.log",
        }
        #: What every line says; and first of all stands what it will say itself.
        self.platform = dict.fromkeys(FIRST) | {name: bounded(name, value, 1) for name, value in told.items()}

    def format(self, record: logging.LogRecord) -> str:
        fields = self.format_to_ecs(record)
        for part in (1, 4, 16, 64):
            told = self.platform | {name: bounded(name, value, part) for name, value in fields.items()}
            line = orjson.dumps(told).decode()
            if not line.isascii():  # else the quicker one says the same
                line = json.dumps(told, separators=(",", ":"))
            if len(line) <= MAX_LINE_BYTES:
                break
        return line

    def format_to_ecs(self, record: logging.LogRecord) -> dict[str, Any]:
        """Flat, and without ``platform``. What the record says goes before what is known of its request or job."""
        if record.exc_info or record.stack_info:
            bare = logging.makeLogRecord({name: value for name, value in vars(record).items() if name in NO_RECORD})
            found = flat(super().format_to_ecs(bare))
            told = {name: value for name, value in found if name in FIRST or name not in self.platform}
        else:  # the same, at a tenth of what the library takes: every request writes one
            told = {
                "@timestamp": timestamp(record),
                "log.level": record.levelname.lower(),
                "message": record.getMessage(),
                "log.logger": record.name,
                "process.pid": record.process,
            }
        extra, labels = split_extra(record)
        fields = {**told, **known(), **extra, "labels": labels or None}
        return {name: value for name, value in fields.items() if value is not None}

    def _record_error_message(self, record: logging.LogRecord) -> str | None:
        return super()._record_error_message(record) if self.tells_error_messages else None

    def _record_error_stack_trace(self, record: logging.LogRecord) -> str | None:
        """With that of the error's causes, each under its type; the library's is of the last one alone."""
        error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        return "\n".join(traces(error)) if error is not None else super()._record_error_stack_trace(record)


class TellingEcsFormatter(EcsFormatter):
    """With the messages of errors, where secrets may be: for the time of a search, and not for a log that is kept."""

    tells_error_messages = True


def timestamp(record: logging.LogRecord) -> str:
    """In UTC, with milliseconds, as the library writes it."""
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def role(argv: list[str]) -> str:
    """As what this process was started: ``serve``, ``worker``, ``migrate`` …"""
    path = Path(argv[0] if argv else "")
    if path.name == "pserve" or path.parts[-3:] == ("courseplatform", "server", "child.py"):
        return "serve"
    command = next((word for word in argv[1:] if word.replace("-", "").isalpha() and word[0] != "-"), "")
    return command if path.name == "courseplatform" and command else "other"


def traces(error: BaseException | None) -> Iterator[str]:
    for _ in range(MAX_CAUSES):
        if error is None:
            return
        trace = "".join(format_tb(error.__traceback__)).rstrip()
        yield f"{type(error).__module__}.{type(error).__qualname__}, at\n{trace}"
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def split_extra(record: logging.LogRecord) -> tuple[dict[str, Any], dict[str, str]]:
    """What ``extra`` gave a record: our own fields, and as labels what others call theirs."""
    own: dict[str, Any] = {}
    labels: dict[str, str] = {}
    for name, value in vars(record).items():
        if name in OWN_FIELDS:
            if value is not None:
                own[name] = value
        elif name not in NO_RECORD and len(labels) < MAX_LABELS:
            labels[name.replace(".", "_")] = LEFT_OUT if SECRET_NAMES.search(name) else str(value)
    return own, labels


def flat(nested: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in nested.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def bounded(name: str, value: Any, part: int) -> Any:
    """As JSON may have it: of a long text no more than a part of what a field of its name may have."""
    if type(value) is str and len(value) <= MAX_WORD_CHARS // part and value.isascii() and value.isprintable():
        return value  # nearly all are such
    if value is None or isinstance(value, bool) or (isinstance(value, float) and isfinite(value)):
        return value
    if isinstance(value, int) and -MAX_INT <= value <= MAX_INT:
        return value
    if isinstance(value, Mapping):
        return {cut(plain(str(key)), 64): bounded("message", inner, part * 4) for key, inner in value.items()}
    if name == "error.stack_trace":
        trace = cut_front(str(value), MAX_CHARS[name] // part)
        return "\n".join(plain(line) for line in trace.split("\n"))
    return cut(plain(str(value)), MAX_CHARS[name] // part if name in MAX_CHARS else MAX_WORD_CHARS)
