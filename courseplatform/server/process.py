"""One serving process: waitress, with background jobs running beside it where there is no worker."""

import gc
import logging
import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from socket import socket
from typing import Any

import waitress
from pyramid.exceptions import ConfigurationError

from ..jobs import Runner
from ..logs import is_json, refuse_to_start, take_over
from .draining import Channel, Stopping, run
from .loop import Loop
from .options import Options, read_options
from .sockets import address_of

log = logging.getLogger(__name__)

#: Of a body beyond ``http.max_body_bytes``: the application refuses that itself, with a better answer.
BODY_MARGIN_BYTES = 64 * 1024


def serve_alone(app: Any, global_conf: dict[str, str], **given: Any) -> None:
    """Serve until SIGTERM or Ctrl-C; then answer what is being worked on and finish the job at hand."""
    take_over()
    try:
        options = read_options(given)
    except ConfigurationError as error:
        refuse_to_start(f"The platform does not start.\n{error}")
    process = Process(app, options, Stopping(ends_at_second=True).hear_signals())
    if is_json():
        log.info("serving %s", address_of(process.listeners[0].socket))
    else:
        welcome(process, os.path.relpath(global_conf.get("__file__", "development.ini")))
    process.run()


class Process:
    """``sockets`` listen already; without any it listens where ``options`` say."""

    def __init__(self, app: Any, options: Options, stopping: Stopping, sockets: Sequence[socket] = ()) -> None:
        self.registry = getattr(app, "registry", None)  # a filter in front of the application hides it
        self.options, self.stopping = options, stopping
        self.is_shared = bool(sockets)
        where: dict[str, Any] = {"sockets": sockets} if sockets else options.address
        self.server = make_server(app, **where, **{**self.defaults(), **options.waitress})
        self.loop = Loop(self.server, is_shared=self.is_shared)
        self.map, self.listeners = self.loop.sockets, self.loop.listeners
        for listener in self.listeners:
            listener.channel_class = partial(Channel, stopping=stopping)
        stopping.wake = self.loop.wake
        if self.registry is not None:
            self.registry["health.stopping"] = stopping

    def defaults(self) -> dict[str, int]:
        if self.registry is None:
            return {}
        return {"max_request_body_size": self.registry.settings["http.max_body_bytes"] + BODY_MARGIN_BYTES}

    def run(self) -> None:
        runner = None
        if self.registry is not None and self.registry.settings["jobs.in_process"]:
            runner = Runner(self.registry)
            runner.start()
        look_less_for_garbage()
        try:
            run(self.loop, self.stopping, self.options.drain_delay_s)
        finally:
            self.loop.end()
            self.server.task_dispatcher.shutdown()
            self.loop.join()
            self.stopping.wake = lambda: None
            for listener in self.listeners:
                listener.close()
            if runner is not None:
                runner.stop()


def look_less_for_garbage() -> None:
    """What the start has made is here to stay: to look through it stopped all threads for 0.1 s each time.

    Requests leave little behind that goes in circles: to look for it ten times less often costs hardly any memory.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000)


def make_server(app: Any, **options: Any) -> Any:
    """waitress, listening. ``options`` are those of ``[server:main]``.

    What a client says of its address is dropped, unless it comes through ``trusted_proxy``, whose
    ``trusted_proxy_headers`` (``x-forwarded-for x-forwarded-proto``) are then believed.
    """
    return waitress.create_server(app, clear_untrusted_proxy_headers=True, ident=None, **options)


def mail_folder(registry: Any) -> Path | None:
    """Where messages are written, if they are not sent."""
    return getattr(registry["mailer"], "folder", None) if registry is not None else None


def welcome(process: Process, ini: str) -> None:
    """Say where everything is, in commands that can be copied."""
    command, mail = Path(sys.argv[0]).with_name("courseplatform"), mail_folder(process.registry)
    next_command = "demo" if process.registry is not None and "demo" in process.registry["commands"] else "create-admin"
    lines = (
        "",
        "The course platform is running. Stop it with Ctrl-C; its data stays.",
        f"  API   {address_of(process.listeners[0].socket)}/api/ lists every address",
        "  Docs  README.md has the first ten calls; docs/ has the rest",
        *([f"  Mail  is not sent but written to {os.path.relpath(mail)}/"] if mail else []),
        f"  Next  in another terminal: {command} {next_command} {ini}",
        "",
    )
    print("\n".join(lines), file=sys.stderr, flush=True)
