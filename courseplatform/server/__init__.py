"""Serving: one process by itself, or several under ``courseplatform serve``.

``options``: what ``[server:main]`` says. ``process``: waitress, with the job runner beside it. ``loop``: who reads and
who answers there. ``draining``: how that ends. ``framing``: where a request ends. ``supervisor``: starts processes on
one socket (``sockets``) and replaces them; ``child``: one of those.
"""

from typing import Any


def serve(app: Any, global_conf: dict[str, str], **given: Any) -> None:
    """``[server:main] use = egg:courseplatform``: serve alone until SIGTERM or Ctrl-C, then answer what has come."""
    from .process import serve_alone  # a supervisor needs nothing of that, and stays small

    serve_alone(app, global_conf, **given)
