"""``[server:main] use = egg:courseplatform``: waitress, with background jobs running beside it."""

import logging
import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any

import waitress
from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer

from .jobs import Runner
from .logs import is_json, take_over
from .settings import raw, variable

log = logging.getLogger(__name__)

#: Options of ``[server:main]`` that the environment overrides: COURSEPLATFORM_SERVER_HOST and so on.
OPTIONS = ("host", "port", "threads", "trusted_proxy", "trusted_proxy_headers")
#: How long requests that came before SIGTERM may take.
DRAIN_S = 25
#: Of a body beyond ``http.max_body_bytes``: the application refuses that itself, with a better answer.
BODY_MARGIN_BYTES = 64 * 1024


def serve(app: Any, global_conf: dict[str, str], **options: Any) -> None:
    """Serve until SIGTERM or Ctrl-C; then answer what is being worked on and finish the job at hand."""
    take_over()
    for name in OPTIONS:
        if given := raw(options, name, variable(f"server.{name}")):
            options[name] = given
    registry = getattr(app, "registry", None)  # a filter in front of the application hides it
    if registry is not None:
        options.setdefault("max_request_body_size", registry.settings["http.max_body_bytes"] + BODY_MARGIN_BYTES)
    server = make_server(app, **options)
    stopping = Stopping()
    runner = None
    if registry is not None and registry.settings["jobs.in_process"]:
        runner = Runner(registry)
        runner.start()
    next_command = "demo" if registry is not None and "demo" in registry["commands"] else "create-admin"
    ini = os.path.relpath(global_conf.get("__file__", "development.ini"))
    if is_json():
        log.info("serving %s:%s", server.effective_host, server.effective_port)
    else:
        welcome(server.effective_host, server.effective_port, f"{next_command} {ini}", mail_folder(registry))
    try:
        run(server, stopping)
    finally:
        server.task_dispatcher.shutdown()
        server.close()
        if runner is not None:
            runner.stop()


def make_server(app: Any, **options: Any) -> Any:
    """waitress, listening. ``options`` are those of ``[server:main]``.

    What a client says of its address is dropped, unless it comes through ``trusted_proxy``, whose
    ``trusted_proxy_headers`` (``x-forwarded-for x-forwarded-proto``) are then believed.
    """
    return waitress.create_server(app, clear_untrusted_proxy_headers=True, ident=None, **options)


class Stopping:
    """True once SIGTERM or Ctrl-C came; a second one stops at once."""

    def __init__(self) -> None:
        self.is_asked = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.ask)

    def __bool__(self) -> bool:
        return self.is_asked

    def ask(self, signum: int, frame: FrameType | None) -> None:
        if self.is_asked:
            sys.exit(0)
        self.is_asked = True


def run(server: Any, stopping: Stopping) -> None:
    """Serve until asked to stop; then take no more connections, and answer what has come within ``DRAIN_S``.

    waitress' own ``run`` stops with the signal, and drops what is queued or not yet sent.
    """
    sockets = server.map if isinstance(server, waitress.server.MultiSocketServer) else server._map
    poll = wasyncore.poll2 if server.adj.asyncore_use_poll else wasyncore.poll
    while not stopping:
        poll(server.adj.asyncore_loop_timeout, sockets)
    count = 0
    while len(sockets) > count:  # whoever has connected is let in
        count = len(sockets)
        poll(0, sockets)
    for listener in [one for one in sockets.values() if isinstance(one, BaseWSGIServer)]:
        wasyncore.dispatcher.close(listener)  # not its own close(): that ends the trigger, which wakes this loop
    until = time.monotonic() + DRAIN_S
    is_busy = True
    while is_busy and time.monotonic() < until:
        poll(0.1, sockets)
        is_busy = any(is_answering(one) for one in list(sockets.values()))
    if is_busy:
        log.warning("stopping although requests are not answered after %d s", DRAIN_S)


def is_answering(channel: Any) -> bool:
    """Whether a connection has a request that is not answered to its last byte."""
    return isinstance(channel, HTTPChannel) and bool(channel.request or channel.requests or channel.total_outbufs_len)


def mail_folder(registry: Any) -> Path | None:
    """Where messages are written, if they are not sent."""
    return getattr(registry["mailer"], "folder", None) if registry is not None else None


def welcome(host: str, port: int, next_command: str, mail: Path | None) -> None:
    """Say where everything is, in commands that can be copied."""
    command = Path(sys.argv[0]).with_name("courseplatform")
    lines = (
        "",
        "The course platform is running. Stop it with Ctrl-C; its data stays.",
        f"  API   http://{host}:{port}/api/ lists every address",
        "  Docs  README.md has the first ten calls; docs/ has the rest",
        *([f"  Mail  is not sent but written to {os.path.relpath(mail)}/"] if mail else []),
        f"  Next  in another terminal: {command} {next_command}",
        "",
    )
    print("\n".join(lines), file=sys.stderr, flush=True)
