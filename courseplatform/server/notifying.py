"""What systemd is told (sd_notify), where it has started us as ``Type=notify``."""

import os
import socket


def notify(state: str) -> None:
    """``READY=1`` and the like; nothing where nobody listens."""
    path = os.environ.get("NOTIFY_SOCKET")
    if path:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as told:
            told.sendto(state.encode(), "\0" + path[1:] if path[0] == "@" else path)
