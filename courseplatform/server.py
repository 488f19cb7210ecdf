"""``[server:main] use = egg:courseplatform``: waitress, with background jobs running beside it."""

import logging
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import waitress

from .jobs import Runner

log = logging.getLogger(__name__)


def serve(app: Any, global_conf: dict[str, str], **options: Any) -> None:
    """Serve until SIGTERM or Ctrl-C; then answer what is being worked on and finish the job at hand."""
    server = make_server(app, **options)
    signal.signal(signal.SIGTERM, stop)
    runner = None
    registry = getattr(app, "registry", None)  # a filter in front of the application hides it
    if registry is not None and registry.settings["jobs.in_process"]:
        runner = Runner(registry)
        runner.start()
    next_command = "demo" if registry is not None and "demo" in registry["commands"] else "create-admin"
    ini = os.path.relpath(global_conf.get("__file__", "development.ini"))
    welcome(server.effective_host, server.effective_port, f"{next_command} {ini}", mail_folder(registry))
    try:
        server.run()
    finally:
        server.close()
        if runner is not None:
            runner.stop()


def make_server(app: Any, **options: Any) -> Any:
    """waitress, listening. ``options`` are those of ``[server:main]``.

    What a client says of its address is dropped, unless it comes through ``trusted_proxy``, whose
    ``trusted_proxy_headers`` (``x-forwarded-for x-forwarded-proto``) are then believed.
    """
    return waitress.create_server(app, clear_untrusted_proxy_headers=True, ident=None, **options)


def stop(signum: int, frame: FrameType | None) -> None:
    sys.exit(0)


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
