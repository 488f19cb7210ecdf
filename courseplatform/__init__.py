"""The core of the course platform: HTTP, security, tree, transactions, jobs. Knows no domain."""

import gc
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import entry_points
from typing import Any

# Here and not in ``cli``: whatever comes next imports Pyramid, which greets every command with it.
warnings.filterwarnings("ignore", "pkg_resources is deprecated", UserWarning)

from pyramid.config import Configurator
from pyramid.exceptions import ConfigurationError
from pyramid.settings import aslist

CORE = (
    "request",
    "neighbours",
    "settings",
    "cli",
    "inspection",
    "measuring",
    "logs",
    "db",
    "replica",
    "histories",
    "responses",
    "problems",
    "errors",
    "ingress",
    "methods",
    "audit",
    "cors",
    "limits",
    "rates",
    "deprecation",
    "routing",
    "resources",
    "restrictions",
    "security",
    "service",
    "dryrun",
    "representation",
    "extending",
    "metrics",
    "jobs",
    "cache",
    "worker",
    "scheduler",
    "files",
    "idempotency",
    "backups",
    "mail",
    "health",
    "status",
    "openapi",
)


def main(global_config: dict[str, str], **settings: Any) -> Any:
    """The WSGI application of ``configure``. Raises: StartupError."""
    from . import embedded

    config = configure(settings)
    embedded.migrate(config.registry)
    return config.make_wsgi_app()


def configure(settings: dict[str, Any]) -> Configurator:
    """Core, then every plugin named in ``courseplatform.plugins``, in whatever order. Asks no database anything.

    Raises: StartupError, a ConfigurationError that names the plugin and the line.
    """
    from . import embedded
    from .checks import check
    from .inspection.grants import log_grants
    from .neighbours import include_attachments
    from .settings import raw
    from .startup import Platform

    embedded.prepare(settings)
    with not_looking_for_garbage(), Platform(settings=settings) as config:
        config.include("courseplatform")
        for name in aslist(raw(settings, "courseplatform.plugins") or ""):
            config.include(plugin_module(name))
        include_attachments(config)
    check(config.registry)
    log_grants(config.registry)
    return config


@contextmanager
def not_looking_for_garbage() -> Iterator[None]:
    """While what is made is made to stay: the search takes a sixth of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def serve(global_config: dict[str, str], **settings: Any) -> Any:
    """``main`` for those who start it by an ini file: a fault of the configuration ends the process with its message.

    Raises: SystemExit.
    """
    from .logs import refuse_to_start

    try:
        return main(global_config, **settings)
    except ConfigurationError as error:
        refuse_to_start(f"The platform does not start.\n{error}")


def plugin_module(name: str) -> str:
    """The module of a plugin: a dotted name, or the name of an installed ``courseplatform.plugins`` entry point."""
    for entry_point in entry_points(group="courseplatform.plugins", name=name):
        return entry_point.value
    return name


def includeme(config: Configurator) -> None:
    config.add_settings(
        {
            "tm.manager_hook": "courseplatform.transactions.manager_of",
            "tm.commit_veto": "courseplatform.db.commit_veto",
            "tm.annotate_user": False,  # else the caller is read before the tree: a statement too many, and no login
            "retry.attempts": 3,
            "retry.activate_hook": "courseplatform.ingress.retry_attempts",
        }
    )
    config.include("pyramid_tm")
    config.include("pyramid_retry")
    for part in CORE:
        config.include(f"courseplatform.{part}")
