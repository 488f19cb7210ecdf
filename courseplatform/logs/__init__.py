"""Logs: the standard library's loggers, whose lines say by themselves to which request or job they belong.

The ini file's ``[loggers]``, ``[handlers]`` and ``[formatters]`` decide what is written where: ``EcsFormatter`` makes
one JSON object a line, ``LineFormatter`` what people read while they develop. Code logs as everywhere
(``log.info("…", extra={…})``); ``docs/operations/logs.md`` lists the fields.

| file | holds |
|---|---|
| ``context`` | the fields of the request or job that is being worked on |
| ``ecs`` | a record as a line of JSON |
| ``lines`` | a record as a line of text |
| ``text`` | what makes foreign text harmless |
| ``access`` | one line a request |
| ``process`` | what Python itself would print |
"""

from pyramid.config import Configurator
from pyramid.tweens import INGRESS

from .context import about, learn
from .ecs import EcsFormatter, TellingEcsFormatter
from .lines import LineFormatter
from .process import is_json, refuse_to_start, start_logging, take_over
from .text import SECRET_NAMES

__all__ = [
    "SECRET_NAMES",
    "EcsFormatter",
    "LineFormatter",
    "TellingEcsFormatter",
    "about",
    "is_json",
    "learn",
    "refuse_to_start",
    "start_logging",
    "take_over",
]


def includeme(config: Configurator) -> None:
    config.add_tween(
        "courseplatform.logs.access.context_tween_factory",
        under=INGRESS,
        over="courseplatform.measuring.measuring_tween_factory",
    )

    def observe() -> None:
        from .access import log_access

        config.registry["measuring.observers"].append(log_access)

    config.action("access log", observe)
