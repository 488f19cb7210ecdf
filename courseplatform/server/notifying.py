"""What systemd is told (sd_notify), where it has started us as ``Type=notify``."""

import logging
import os
import socket

log = logging.getLogger(__name__)


def notify(state: str) -> None:
    """``READY=1`` and the like; nothing where nobody listens."""
    path = os.environ.get("NOTIFY_SOCKET")
    if path:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as told:
            try:
                told.sendto(state.encode(), "\0" + path[1:] if path[0] == "@" else path)
            except OSError as error:  # the variable came from somewhere else: that is no reason not to serve
                log.warning("NOTIFY_SOCKET can't be told %s: %s", state, error.strerror)
